using System.Text.Json;
using SessionLifetime.Events;
using SessionLifetime.Policy;

namespace SessionLifetime.Cluster;

/// <summary>The events that a committed decision puts into the outbox. What nobody listens to is not put there.</summary>
/// <param name="wants">Whether anybody hears of such an event, on any node.</param>
/// <param name="timingsOf">The durations in force for a session.</param>
internal sealed class ClusterEvents(Func<SessionEventKind, bool> wants, Func<SessionSnapshot, SessionTimings> timingsOf)
{
    public const string SessionTimeout = "timeout";
    public const string PageUnloaded = "unloaded";
    public const string ApplicationExit = "exit";

    /// <summary>The kinds that this version knows.</summary>
    public static readonly IReadOnlyList<(string Name, SessionEventKind Kind)> Kinds =
    [
        (SessionTimeout, SessionEventKind.SessionTimeout), (PageUnloaded, SessionEventKind.PageUnloaded), (ApplicationExit, SessionEventKind.ApplicationExit),
    ];

    /// <summary>The room for the events of unloaded pages that stand before.</summary>
    private const int First = 60;

    /// <summary>Whether an unloaded page gives an event.</summary>
    public bool WantsUnloaded => wants(SessionEventKind.PageUnloaded);

    /// <summary>The events of one decision, in their order.</summary>
    /// <param name="seen">What was seen.</param>
    /// <param name="next">What was decided.</param>
    /// <param name="version">The version of the commit.</param>
    public IReadOnlyList<OutboxEvent> Of(SessionSnapshot seen, SessionSnapshot next, long version)
    {
        var events = new List<OutboxEvent>();
        var isEnd = next.State == SessionState.Ended && seen.State != SessionState.Ended;
        if (next.RaiseNumber != seen.RaiseNumber && wants(SessionEventKind.SessionTimeout))
        {
            var timings = timingsOf(next);
            var status = SessionStatus.Of(next, timings, next.RaisedAt);
            events.Add(Of(SessionTimeout, version, First, new()
            {
                RaiseNumber = next.RaiseNumber,
                Occurrence = next.Occurrence,
                TimeLeft = isEnd ? 0 : status.EndsIn?.Ticks ?? -1,
                IsPresent = !isEnd && next.LastSignal + timings.KeepAlive + timings.KeepAlive > next.RaisedAt,
            }));
        }

        if (isEnd && wants(SessionEventKind.ApplicationExit))
        {
            events.Add(Of(ApplicationExit, version, First + 1, new() { Reason = next.EndReason }));
        }

        return events;
    }

    private static OutboxEvent Of(string kind, long version, int index, EventDetails details) =>
        new("", RecordWriter.Sequence(version, index), kind, JsonSerializer.SerializeToUtf8Bytes(details, ClusterJson.Default.EventDetails));
}
