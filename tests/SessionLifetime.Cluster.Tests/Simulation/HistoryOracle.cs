using SessionLifetime.Cluster;
using SessionLifetime.Cluster.Tests.Storage;

namespace SessionLifetime.Cluster.Tests.Simulation;

/// <summary>
/// Sees the true order of everything, and says when a promise is broken. It knows what is promised, and nothing of how it is kept: the moments of rules are
/// computed here anew from what clients were told.
/// </summary>
internal sealed class HistoryOracle(World world, MemoryBackingStore store, HistoryPlan plan, Action<string> trace)
{
    private static readonly TimeSpan s_flush = HistoryPlan.Flush;
    private static readonly TimeSpan s_guard = s_flush * 5;
    private static readonly TimeSpan s_live = s_flush * 15;

    /// <summary>How far a stamp may be from the moment it stands for: an error of a node's clock, and the making of the touch.</summary>
    private static readonly TimeSpan s_tolerance = s_flush * 1.5;

    private readonly Dictionary<string, Session> _sessions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, NodeLife> _nodes = new(StringComparer.Ordinal);
    private HistoryCounts _counts;

    public HistoryCounts Counts => _counts;

    public bool IsHealed { get; set; }

    /// <summary>Whether every session has ended, and everything was told.</summary>
    public bool IsOver => store.WaitingEvents == 0 && _sessions.Values.All(static session => session.EndedAt is not null);

    private TimeSpan Service => store.ServiceNow;

    public void Joins(SimulatedNode node) => _nodes[node.Id] = new();

    public void Killed(SimulatedNode node) => _nodes[node.Id].GoneAt = world.Now;

    public void Leaves(SimulatedNode node) => _nodes[node.Id].LeavesAt = world.Now;

    /// <summary>The store has taken a step.</summary>
    public void OnStep(string node, object? step) => Note(() => OnStoreStep(node, step));

    private void OnStoreStep(string node, object? step)
    {
        if (step is NodeHeartbeat)
        {
            if (_nodes.TryGetValue(node, out var life))
            {
                life.Heartbeats.Add(world.Now);
            }

            return;
        }

        if (step is SessionRecord record)
        {
            OnCommit(node, record);
        }
    }

    /// <param name="node">Who is asked.</param>
    /// <param name="id">Of which session.</param>
    /// <param name="isActivity">Whether the user acts, or the browser is alive; null for a look that counts for nothing.</param>
    public Request Begin(SimulatedNode node, string id, bool? isActivity)
    {
        _counts = _counts with { Requests = _counts.Requests + 1 };
        return new(node, id, isActivity, world.Now, Service);
    }

    public void Answered(Request request, Outcome outcome) => Note(() => OnAnswer(request, outcome));

    public void OnEvent(SimulatedNode node, string kind, SessionEventContext context) => Note(() => OnTold(node, kind, context));

    /// <summary>A broken promise ends the history, whoever catches what is thrown: a handler's exceptions are logged, a client's are nobody's.</summary>
    private void Note(Action check)
    {
        try
        {
            check();
        }
        catch (Xunit.Sdk.XunitException exception)
        {
            world.Broken ??= exception;
            throw;
        }
    }

    private void OnAnswer(Request request, Outcome outcome)
    {
        var session = _sessions[request.Id];
        _counts = _counts with { FromMemory = _counts.FromMemory + (world.Now == request.At ? 1 : 0) };
        switch (outcome)
        {
            case Outcome.Unknown:
                Assert.Fail($"V1: session {request.Id} is unknown.");
                break;
            case Outcome.Ended:
                Assert.True(session.EndedAt is not null, $"V1: session {request.Id} is said to have ended, and has not.");
                break;
            case Outcome.Alive:
                // Measured when the touch was made: what was answered later was decided then.
                var late = request.At - session.EndedAt;
                Assert.True(
                    late is null || late <= (s_guard / 2) + s_flush + TimeSpan.FromMilliseconds(100) || WasOutage(request),
                    $"V4: session {request.Id} is served {late} after its end.");
                if (request.IsActivity is { } isActivity)
                {
                    session.Touches.Add(new(request.Node.Id, isActivity, request.At, world.Now, request.Service));
                }

                break;
            default:
                break;
        }
    }

    private void OnTold(SimulatedNode node, string kind, SessionEventContext context)
    {
        var session = _sessions[context.Session.Id];
        trace($"node {node.Number} is told {kind} of {context.Session.Id}, attempt {context.Attempt}");
        if (kind is "exited")
        {
            session.ExitsDone++;
            return;
        }

        _counts = _counts with { Deliveries = _counts.Deliveries + 1 };
        if (context is ApplicationExitContext exit)
        {
            Assert.True(session.Reason == exit.Reason, $"V3: {context.Session.Id} ended by {session.Reason}, and its handlers are told {exit.Reason}.");
            CheckRepeat(session.Exits, node, "exit", context.Session.Id);
            session.Exits.Add(node.Id);
        }
        else if (context is SessionTimeoutContext timeout)
        {
            var told = session.RaisesTold.TryGetValue(session.Raises, out var nodes) ? nodes : session.RaisesTold[session.Raises] = [];
            Assert.True(session.Raises > 0, $"V3: a timeout of {context.Session.Id} is told that was not raised.");
            Assert.True(timeout.Occurrence > 0);
            told.Add(node.Id);
        }
    }

    /// <summary>The history is over, and everything was healed for long enough.</summary>
    public void Conclude()
    {
        foreach (var (id, session) in _sessions)
        {
            Assert.True(session.EndedAt is not null, $"V5: {id} has not ended: {Describe(id)}");
            Assert.True(session.ExitsDone > 0, $"V3: the exit of {id} was told to nobody to its end.");
        }

        Assert.True(store.WaitingEvents == 0, $"V5: {store.WaitingEvents} events wait.");
    }

    private string Describe(string id) => store.Records[id].ToString();

    private void OnCommit(string node, SessionRecord record)
    {
        if (!_sessions.TryGetValue(record.Id, out var session))
        {
            _sessions.Add(record.Id, session = new());

            // It counts from when it was made, however late its commit arrives.
            session.Touches.Add(new(node, IsActivity: true, world.Now, world.Now, Earlier(Service, record.Stamps.LastActivity)));
        }

        if (!session.Writers.Add(record.Writer))
        {
            // The same commit, sent again.
            return;
        }

        var details = SessionRecords.DetailsOf(record);
        if (session.Self != details.SelfDestructAt)
        {
            session.Self = details.SelfDestructAt;
            session.SelfBefore = world.Now;
        }

        Assert.True(session.EndedAt is null, $"V1: {record.Id} is committed after its end.");
        if (details.RaiseNumber != session.Raises)
        {
            session.Raises = details.RaiseNumber;
            _counts = _counts with { Raises = _counts.Raises + 1 };
            trace($"node {Name(node)} commits raise {details.RaiseNumber} of {record.Id}");
            if (record.EndReason is null)
            {
                Forbid(session, record, "raise", touch => touch.IsActivity ? touch.Service + plan.Timeout : TimeSpan.Zero);
            }
        }

        if (record.EndReason is not { } reason)
        {
            return;
        }

        (session.EndedAt, session.Reason) = (world.Now, reason);
        _counts = _counts with { Ends = _counts.Ends + 1 };
        trace($"node {Name(node)} commits the end of {record.Id}: {reason}");
        switch (reason)
        {
            case SessionEndReason.SignalLost when session.Raises == 0 || details.Occurrence == 0:
            case SessionEndReason.SignalLost:
                // Either rule 3, or rule 5 with nobody there.
                Forbid(session, record, "end", touch => touch.IsActivity
                    ? Earlier(touch.Service + plan.Timeout + plan.Countdown, touch.Service + plan.Signal)
                    : touch.Service + plan.Signal < touch.Service + plan.Countdown ? touch.Service + plan.Signal : TimeSpan.Zero);
                break;
            case SessionEndReason.IdleTimeout:
                Forbid(session, record, "end", touch => touch.IsActivity ? touch.Service + plan.Timeout + plan.Countdown : TimeSpan.Zero);
                break;
            case SessionEndReason.AbsoluteTimeout:
                Assert.True(plan.Absolute is { } absolute && store.StoreTimeNow >= new TimeSpan(details.StartedAt + details.TakenOffAtStart) + absolute - s_flush, $"V7: {record.Id} ended before its absolute end.");
                break;
            default:
                break;
        }
    }

    /// <summary>No touch that a node has accepted forbids the decision: its node was gone before the touch was in the store, or stood for long.</summary>
    private void Forbid(Session session, SessionRecord record, string what, Func<Touch, TimeSpan> until)
    {
        foreach (var touch in session.Touches)
        {
            if (until(touch) <= Service + s_tolerance || IsExcused(touch))
            {
                continue;
            }

            Assert.Fail(
                $"V2: the {what} of {record.Id} at {world.Now} (service {Service}) overlooks a {(touch.IsActivity ? "n activity" : " ping")} made on node {Name(touch.Node)} at {touch.MadeAt}"
                + $" (service {touch.Service}), which forbids it until {until(touch)}.");
        }
    }

    private bool IsExcused(Touch touch)
    {
        var life = _nodes[touch.Node];
        if (life.GoneAt is not null)
        {
            return true;
        }

        // No heartbeat of its node was accepted for L - 2F, before the touch or after it: a node that stalls, or is cut off and serves all the same.
        var last = life.Heartbeats.LastOrDefault(beat => beat <= touch.MadeAt, touch.MadeAt);
        foreach (var beat in life.Heartbeats)
        {
            if (beat <= touch.MadeAt)
            {
                continue;
            }

            if (beat - last > s_live - (s_flush * 2))
            {
                return true;
            }

            last = beat;
        }

        return world.Now - last > s_live - (s_flush * 2);
    }

    /// <summary>
    /// A node that is cut off serves plain sessions for a while: the price of availability. It is when a call was not answered in time. One that has only stood
    /// still is not cut off, and asks first.
    /// </summary>
    private bool WasOutage(Request request) =>
        _nodes[request.Node.Id].Heartbeats.LastOrDefault(beat => beat <= request.At) is var last
        && request.At - last > (s_guard / 2)
        && request.Node.Store.LostSince + s_flush <= world.Now;

    private void CheckRepeat(List<string> before, SimulatedNode node, string what, string id)
    {
        if (before.Count == 0)
        {
            return;
        }

        _counts = _counts with { Repeats = _counts.Repeats + 1 };
        foreach (var holder in before)
        {
            var life = _nodes[holder];
            var stalled = life.GoneAt is not null || life.LeavesAt is not null || HasStood(life);
            Assert.True(stalled, $"V3: the {what} of {id} is told again by node {node.Number}, although node {Name(holder)} lives.");
        }
    }

    private bool HasStood(NodeLife life)
    {
        var last = TimeSpan.Zero;
        foreach (var beat in life.Heartbeats.Append(world.Now))
        {
            if (last != TimeSpan.Zero && beat - last > s_live - (s_flush * 2))
            {
                return true;
            }

            last = beat;
        }

        return false;
    }

    private string Name(string node) => _nodes.Keys.ToList().IndexOf(node).ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static TimeSpan Earlier(TimeSpan a, TimeSpan b) => a < b ? a : b;

    internal sealed record Request(SimulatedNode Node, string Id, bool? IsActivity, TimeSpan At, TimeSpan Service);

    private sealed record Touch(string Node, bool IsActivity, TimeSpan MadeAt, TimeSpan AnsweredAt, TimeSpan Service);

    private sealed class NodeLife
    {
        public List<TimeSpan> Heartbeats { get; } = [];

        public TimeSpan? GoneAt { get; set; }

        public TimeSpan? LeavesAt { get; set; }
    }

    private sealed class Session
    {
        public List<Touch> Touches { get; } = [];

        public HashSet<string> Writers { get; } = new(StringComparer.Ordinal);

        public long Raises { get; set; }

        public Dictionary<long, List<string>> RaisesTold { get; } = [];

        public List<string> Exits { get; } = [];

        public int ExitsDone { get; set; }

        public long? Self { get; set; }

        public TimeSpan SelfBefore { get; set; }

        public TimeSpan? EndedAt { get; set; }

        public SessionEndReason? Reason { get; set; }
    }
}
