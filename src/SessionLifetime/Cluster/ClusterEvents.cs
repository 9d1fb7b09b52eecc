using System.Text.Json;
using SessionLifetime.Entries;
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

    /// <summary>The events of one decision.</summary>
    /// <param name="id">The session.</param>
    /// <param name="seen">What was seen.</param>
    /// <param name="next">What was decided.</param>
    /// <param name="unloaded">Pages whose unloading is part of it.</param>
    /// <param name="version">The version of the commit.</param>
    public IReadOnlyList<OutboxEvent> Of(string id, SessionSnapshot seen, SessionSnapshot next, IReadOnlyList<UnloadedPage> unloaded, long version)
    {
        var events = new List<OutboxEvent>();
        var isEnd = next.State == SessionState.Ended && seen.State != SessionState.Ended;
        if (next.RaiseNumber != seen.RaiseNumber && wants(SessionEventKind.SessionTimeout))
        {
            var timings = timingsOf(next);
            var status = SessionStatus.Of(next, timings, next.RaisedAt);
            events.Add(Of(id, SessionTimeout, version, First, new()
            {
                RaiseNumber = next.RaiseNumber,
                Occurrence = next.Occurrence,
                TimeLeft = isEnd ? 0 : status.EndsIn?.Ticks ?? -1,
                IsPresent = !isEnd && next.LastSignal + timings.KeepAlive + timings.KeepAlive > next.RaisedAt,
            }));
        }

        if (isEnd && wants(SessionEventKind.ApplicationExit))
        {
            events.Add(Of(id, ApplicationExit, version, First + 1, new() { Reason = next.EndReason }));
        }

        for (var index = 0; index < unloaded.Count && wants(SessionEventKind.PageUnloaded); index++)
        {
            var page = unloaded[index];
            var details = new EventDetails { Page = page.Id.ToString(), IsPersisted = page.Persisted, IsCurrent = page.IsCurrent, OpenPages = page.OpenPages };
            events.Add(Of(id, PageUnloaded, version, index, details));
        }

        return events;
    }

    /// <summary>The place of an event of a commit among the session's events: unloaded pages stand before what a rule gives.</summary>
    public static long Sequence(long version, int index) => (version * 64) + index;

    private static OutboxEvent Of(string id, string kind, long version, int index, EventDetails details) =>
        new(id, Sequence(version, index), kind, JsonSerializer.SerializeToUtf8Bytes(details, ClusterJson.Default.EventDetails));
}
