using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace SessionLifetime.Cluster.Tests.Storage;

/// <summary>The reference store: what every backing store has to do, in dictionaries under one lock.</summary>
internal sealed class MemoryBackingStore(TimeProvider time) : ISessionBackingStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SessionRecord> _records = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _changes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TimeSpan> _heldUntil = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Node> _nodes = new(StringComparer.Ordinal);
    private readonly List<Waiting> _outbox = [];
    private readonly Dictionary<string, StoredToken> _tokens = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Id, string Key), StoredValue> _values = [];
    private readonly List<Channel<SessionNotice>> _listeners = [];
    private readonly long _origin = time.GetTimestamp();
    private ReadOnlyMemory<byte> _settings;
    private TimeSpan _serviceEnds;
    private TimeSpan _takenOff;
    private TimeSpan _latest;
    private TimeSpan _putBack;
    private long _lastChange;

    private enum Owner
    {
        Nobody,
        Addressed,
        Taken,
    }

    /// <summary>Set to make every call fail.</summary>
    public bool IsAway { get; set; }

    /// <summary>Set to break the rule that an event belongs to one node.</summary>
    public bool GivesEventsToAll { get; init; }

    /// <summary>How many calls there were, by name.</summary>
    public Dictionary<string, int> Calls { get; } = new(StringComparer.Ordinal);

    /// <summary>All sessions, living and ended: for what a test compares.</summary>
    public IReadOnlyDictionary<string, SessionRecord> Records => _records;

    /// <summary>The hashes of the tokens that are kept.</summary>
    public IReadOnlyCollection<string> TokenHashes => _tokens.Keys;

    /// <summary>How many values there are.</summary>
    public int ValueCount => _values.Count;

    /// <summary>How many events wait.</summary>
    public int WaitingEvents => _outbox.Count;

    /// <summary>The clocks of the store, for an onlooker.</summary>
    public TimeSpan ServiceNow => Now.Service;

    /// <inheritdoc cref="ServiceNow"/>
    public TimeSpan StoreTimeNow => StoreNow;

    private TimeSpan Clock => time.GetElapsedTime(_origin) + TimeSpan.FromDays(1) + _putBack;

    private TimeSpan StoreNow => Clock > _latest ? Clock : _latest;

    private StoreTime Now
    {
        get
        {
            var now = StoreNow;
            return new(now, (now < _serviceEnds ? now : _serviceEnds) - _takenOff);
        }
    }

    public ValueTask<StoreStart> StartAsync(NodeStart node, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count();
            if (_serviceEnds == TimeSpan.Zero)
            {
                _serviceEnds = StoreNow;
            }

            _settings = node.Settings.ToArray();
            Serve(node.Lead);
            var now = Now;
            _nodes[node.Node] = new(now.Service, now.Service + node.LiveFor);
            return new(new StoreStart(now, _lastChange, []));
        }
    }

    public ValueTask StopAsync(string node, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count();
            _nodes.Remove(node);
        }

        return default;
    }

    public ValueTask<HeartbeatAnswer> HeartbeatAsync(NodeHeartbeat beat, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count();
            Serve(beat.Lead);
            var now = Now;
            var known = _nodes.GetValueOrDefault(beat.Node)?.Watermark ?? TimeSpan.Zero;
            _nodes[beat.Node] = new(known > beat.Watermark ? known : beat.Watermark, now.Service + beat.LiveFor);
            var changes = _changes.Where(change => change.Value > beat.Cursor).Select(change => ChangeOf(change.Key)).ToList();
            var nodes = _nodes.Where(node => IsLive(node.Key)).Select(static node => new LiveNode(node.Key, node.Value.Watermark)).ToList();
            return new(new HeartbeatAnswer(now, nodes, changes, _lastChange, Living().Count(), _settings));
        }
    }

    public ValueTask<IReadOnlyList<TouchResult>> TouchAsync(IReadOnlyList<SessionTouch> touches, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count();
            return new(touches.Select(Touch).ToList());
        }
    }

    public ValueTask<SessionRecord?> LoadAsync(SessionRecordKey key, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count();
            return new(key.Id is { } id
                ? _records.GetValueOrDefault(id)
                : _records.Values.FirstOrDefault(record => record.SecretHashes.Contains(key.SecretHash, StringComparer.Ordinal)));
        }
    }

    public ValueTask<IReadOnlyList<CommitAnswer>> CommitAsync(IReadOnlyList<SessionCommit> commits, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count();
            return new(commits.Select(Commit).ToList());
        }
    }

    public ValueTask<IReadOnlyList<SessionRecord>> TakeDueAsync(DueRequest request, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count();
            var now = Now;
            var due = _records.Values
                .Where(static record => record.EndReason is null)
                .Where(record => record.DueAt <= now.Service - request.Overdue || record.AbsoluteAt <= now.Store - request.Overdue)
                .Where(record => !(_heldUntil.TryGetValue(record.Id, out var until) && until > now.Service))
                .Take(request.Most)
                .ToList();
            due.ForEach(record => _heldUntil[record.Id] = now.Service + request.Hold);
            return new(due);
        }
    }

    public async IAsyncEnumerable<SessionRecord> ListAsync(SessionRecordFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var record in Matching(filter))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return record;
        }
    }

    public ValueTask<long> CountAsync(SessionRecordFilter filter, CancellationToken cancellationToken) => new(Matching(filter).Count);

    public ValueTask<IReadOnlyList<OutboxEvent>> TakeEventsAsync(EventTake take, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count();
            var taken = new List<OutboxEvent>();
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var waiting in _outbox)
            {
                // The events of a session stand in their order.
                if (!seen.Add(waiting.Event.SessionId) || taken.Count == take.Most || !IsFree(waiting, take))
                {
                    continue;
                }

                var isAgain = waiting.Owner == Owner.Taken && waiting.Node == take.Node;
                (waiting.Owner, waiting.Node) = (Owner.Taken, take.Node);
                waiting.Event = isAgain ? waiting.Event : waiting.Event with { Attempt = waiting.Event.Attempt + 1 };
                taken.Add(waiting.Event);
            }

            return new(taken);
        }
    }

    public ValueTask CompleteEventsAsync(IReadOnlyList<EventResult> results, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count();
            foreach (var result in results)
            {
                var waiting = _outbox.Find(one => one.Event.SessionId == result.SessionId && one.Event.Sequence == result.Sequence);
                if (waiting is null || waiting.Event.Attempt != result.Attempt)
                {
                    continue;
                }

                if (!result.IsDelivered)
                {
                    (waiting.Owner, waiting.Node) = (Owner.Nobody, null);
                    continue;
                }

                _outbox.Remove(waiting);
                if (!IsWaiting(result.SessionId))
                {
                    Changed(result.SessionId);
                }
            }
        }

        return default;
    }

    public ValueTask PutTokenAsync(StoredToken token, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count();
            _tokens.Add(token.Hash, token);
        }

        return default;
    }

    public ValueTask<StoredToken?> TakeTokenAsync(string hash, bool isPeek, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count();
            var token = _tokens.GetValueOrDefault(hash);
            if (!isPeek)
            {
                _tokens.Remove(hash);
            }

            return new(token?.ExpiresAt > Now.Service ? token : null);
        }
    }

    public ValueTask<IReadOnlyList<StoredValue>> ReadValuesAsync(string id, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count();
            return new(_values.Where(value => value.Key.Id == id && value.Value.Data is not null).Select(static value => value.Value).ToList());
        }
    }

    public ValueTask<IReadOnlyList<StoredValue>> WriteValuesAsync(string id, IReadOnlyList<ValueChange> changes, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count();
            StoredValue Current(ValueChange change) => _values.GetValueOrDefault((id, change.Key)) ?? new(change.Key, 0, null);
            var conflicts = changes
                .Select(change => (change.ExpectedVersion, Current: Current(change)))
                .Where(static one => one.ExpectedVersion is { } version && version != (one.Current.Data is null ? 0 : one.Current.Version))
                .Select(static one => one.Current)
                .ToList();
            foreach (var change in conflicts.Count == 0 ? changes : [])
            {
                if (change.Data is null)
                {
                    _values.Remove((id, change.Key));
                }
                else
                {
                    _values[(id, change.Key)] = new(change.Key, Current(change).Version + 1, change.Data.ToArray());
                }
            }

            return new(conflicts);
        }
    }

    public IAsyncEnumerable<SessionNotice> ListenAsync(CancellationToken cancellationToken)
    {
        var channel = Channel.CreateUnbounded<SessionNotice>();
        lock (_lock)
        {
            _listeners.Add(channel);
        }

        return channel.Reader.ReadAllAsync(cancellationToken);
    }

    public ValueTask AskForHeartbeatsAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count();
            Tell(new(Change: null));
        }

        return default;
    }

    public ValueTask<int> TrimAsync(TimeSpan endedBefore, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count();
            var now = Now.Service;
            var old = _records.Values.Where(record => record.EndedAt < endedBefore && !IsWaiting(record.Id)).Select(static record => record.Id).ToList();
            foreach (var id in old)
            {
                _records.Remove(id);
                _changes.Remove(id);
                _heldUntil.Remove(id);
                _values.Keys.Where(key => key.Id == id).ToList().ForEach(key => _values.Remove(key));
            }

            _tokens.Values.Where(token => token.ExpiresAt <= now).ToList().ForEach(token => _tokens.Remove(token.Hash));
            _nodes.Where(node => node.Value.LiveUntil + TimeSpan.FromHours(1) < now).ToList().ForEach(node => _nodes.Remove(node.Key));
            return new(old.Count);
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _listeners.ForEach(static listener => listener.Writer.TryComplete());
        }

        return default;
    }

    private void Serve(TimeSpan lead)
    {
        if (Clock + lead < _latest)
        {
            _putBack += _latest - Clock;
        }

        var now = _latest = StoreNow;
        if (now > _serviceEnds)
        {
            _takenOff += now - _serviceEnds;
        }

        _serviceEnds = now + lead;
    }

    private TouchResult Touch(SessionTouch touch)
    {
        if (!_records.TryGetValue(touch.Id, out var record))
        {
            return new(0, default, null);
        }

        if (record.EndReason is null)
        {
            // A deadline that another commit brought nearer stays.
            var due = record.Version == touch.KnownVersion && touch.DueAt is { } at ? at : record.DueAt;
            record = _records[touch.Id] = record with { Stamps = record.Stamps.Touched(touch, Now.Service), DueAt = due };
            if (touch.DueAt is not null)
            {
                _heldUntil.Remove(touch.Id);
            }
        }

        var hasMoved = record.EndReason is not null || record.Version != touch.KnownVersion;
        return new(record.Version, record.Stamps, hasMoved ? record : null);
    }

    private CommitAnswer Commit(SessionCommit commit)
    {
        var current = _records.GetValueOrDefault(commit.Next.Id);
        if (current is not null && current.Writer == commit.Next.Writer)
        {
            return new(CommitStatus.Written, current);
        }

        var isAsExpected = current is null ? commit.ExpectedVersion == 0
            : current.Version == commit.ExpectedVersion
                && current.EndReason is null
                && (commit.ExpectedStamps is not { } stamps || current.Stamps.IsCoveredBy(stamps));
        if (!isAsExpected)
        {
            return new(CommitStatus.Moved, current);
        }

        var now = Now;
        if (commit.NotBefore > now.Service || commit.NotBeforeStoreTime > now.Store)
        {
            return new(CommitStatus.TooEarly, current);
        }

        var next = commit.Next.Stamps;
        TimeSpan NotLater(TimeSpan stamp) => stamp < now.Service ? stamp : now.Service;
        next = new(NotLater(next.LastActivity), NotLater(next.LastSignal), NotLater(next.IdleReset), NotLater(next.LastArrival));
        var written = commit.Next with
        {
            Version = commit.ExpectedVersion + 1,
            Stamps = current is null ? next : current.Stamps.Later(next),
        };
        _records[written.Id] = written;
        _heldUntil.Remove(written.Id);
        var address = current?.Home is { } home && IsLive(home) ? home : commit.Committer;
        foreach (var raised in commit.Events)
        {
            _outbox.Add(new() { Event = raised with { Attempt = 0 }, Owner = Owner.Addressed, Node = address });
        }

        Changed(written.Id);
        return new(CommitStatus.Written, written);
    }

    private bool IsFree(Waiting waiting, EventTake take) =>
        GivesEventsToAll
        || (waiting.Node == take.Node && (waiting.Owner == Owner.Addressed || take.IncludeTaken))
        || ((waiting.Node is not { } node || !IsLive(node)) && take.Kinds?.Contains(waiting.Event.Kind) != false);

    private bool IsLive(string node) => _nodes.TryGetValue(node, out var known) && known.LiveUntil > Now.Service;

    private bool IsWaiting(string id) => _outbox.Exists(one => one.Event.SessionId == id);

    private void Changed(string id)
    {
        _changes[id] = ++_lastChange;
        Tell(new(ChangeOf(id)));
    }

    private CommittedChange ChangeOf(string id) => new(id, _records[id].Version, _records[id].EndReason is not null, !IsWaiting(id));

    private void Tell(SessionNotice notice) => _listeners.ForEach(listener => listener.Writer.TryWrite(notice));

    private IEnumerable<SessionRecord> Living() =>
        _records.Values.Where(static record => record.EndReason is null).OrderBy(static record => record.Id, StringComparer.Ordinal);

    private List<SessionRecord> Matching(SessionRecordFilter filter)
    {
        lock (_lock)
        {
            Count(nameof(ListAsync));
            return Living()
                .Where(record => filter.User is null || record.User == filter.User)
                .Where(record => filter.BrowserId is null || record.BrowserId == filter.BrowserId)
                .Where(record => filter.After is null || string.CompareOrdinal(record.Id, filter.After) > 0)
                .ToList();
        }
    }

    private void Count([CallerMemberName] string call = "")
    {
        if (IsAway)
        {
            throw new IOException("The store is away.");
        }

        Calls[call] = Calls.GetValueOrDefault(call) + 1;
    }

    private sealed record Node(TimeSpan Watermark, TimeSpan LiveUntil);

    private sealed class Waiting
    {
        public required OutboxEvent Event { get; set; }

        public Owner Owner { get; set; }

        public string? Node { get; set; }
    }
}
