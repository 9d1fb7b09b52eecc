using System.Text.Json;
using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Events;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Sessions;

namespace SessionLifetime.Cluster;

/// <summary>Brings one event of the outbox to its handlers here.</summary>
internal sealed class OutboxDispatch(
    SharedSessionDirectory directory,
    SessionEngine engine,
    SessionEndings endings,
    SessionEventDispatcher dispatcher,
    TabSessions sessions,
    NodeState node,
    SharedValues values,
    IEnumerable<IExitValues> exitValues,
    TimeProvider time,
    ILogger<OutboxDispatch> logger)
{
    /// <summary>The kinds of events that are delivered here: those with handlers, and those that nobody has handlers for.</summary>
    public List<string> Kinds => [.. ClusterEvents.Kinds.Where(kind => IsTold(kind.Kind)).Select(static kind => kind.Name)];

    /// <summary>Raises the event, or finishes it where there is nobody to tell.</summary>
    /// <param name="one">The event.</param>
    /// <param name="results">Told what became of it, at once or later.</param>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer; the event did not reach its handlers.</exception>
    public async ValueTask RaiseAsync(OutboxEvent one, OutboxResults results)
    {
        if (!IsTold(one.Kind))
        {
            // Another node has handlers for it, or a newer version that knows it. Once it is given back it is not given here again.
            logger.EventIsOfOthers(one.Kind, one.SessionId);
            results.Finish(one, isDelivered: false);
            return;
        }

        if (DetailsOf(one) is not { } details || await FindAsync(one) is not { } entry)
        {
            // It is no event, or its session is forgotten: there is nobody to tell of.
            results.Finish(one, isDelivered: true);
            return;
        }

        if (string.Equals(one.Kind, ClusterEvents.ApplicationExit, StringComparison.Ordinal) && exitValues.Any())
        {
            // Readable for the handlers.
            var read = await values.ReadAsync(entry);
            foreach (var taker in read.Count == 0 ? [] : exitValues)
            {
                taker.Take(sessions.Of(entry), read);
            }
        }

        if (string.Equals(one.Kind, ClusterEvents.SessionTimeout, StringComparison.Ordinal) && !entry.IsEnded && !IsCurrent(entry, details))
        {
            // A touch has overtaken it, which may be known to this node only: it is not passed over before the touch is in the store.
            await directory.AskAsync(entry);
        }

        Raise(one, entry, details, results);
    }

    private bool IsTold(SessionEventKind kind) => dispatcher.Wants(kind) || !node.OthersWant(kind);

    private bool IsTold(string name)
    {
        foreach (var kind in ClusterEvents.Kinds)
        {
            if (string.Equals(kind.Name, name, StringComparison.Ordinal))
            {
                return IsTold(kind.Kind);
            }
        }

        return false;
    }

    /// <summary>What an event tells; null where that is no event.</summary>
    private EventDetails? DetailsOf(OutboxEvent one)
    {
        try
        {
            return JsonSerializer.Deserialize(one.Payload.Span, ClusterJson.Default.EventDetails) ?? new();
        }
        catch (JsonException exception)
        {
            logger.EventNotUnderstood(exception, one.Kind, one.SessionId);
            return null;
        }
    }

    private async ValueTask<SessionEntry?> FindAsync(OutboxEvent one)
    {
        if (!PublicId.TryParse(one.SessionId, out var id))
        {
            return null;
        }

        var known = directory.TryGet(id, out var living) ? living : directory.Ended.Find(id);
        if (known?.Shared is { } shared)
        {
            if (!Knows(shared, one))
            {
                // The commit that gave the event may be this node's own, whose answer is on its way.
                await shared.EnterTurnAsync();
                shared.LeaveTurn();
            }

            if (Knows(shared, one))
            {
                return known;
            }
        }

        var record = await directory.Reader.LoadAsync(id);
        if (record is null)
        {
            return null;
        }

        if (known is not null)
        {
            await directory.Follower.FollowInTurnAsync(known, record);
            return known;
        }

        return record.EndReason is null ? directory.Follower.Adopt(record, secret: null) : directory.Follower.Revive(record);
    }

    private static bool Knows(SharedState shared, OutboxEvent one) => !shared.IsStale && ClusterEvents.Sequence(shared.Version + 1, 0) > one.Sequence;

    private bool IsCurrent(SessionEntry entry, EventDetails details) =>
        directory.Read(entry) is { Raising: true } seen && seen.RaiseNumber == (uint)details.RaiseNumber;

    private void Raise(OutboxEvent one, SessionEntry entry, EventDetails details, OutboxResults results)
    {
        var session = sessions.Of(entry);
        ValueTask Done(SessionEvent raised)
        {
            results.Finish(one, isDelivered: true);
            return default;
        }

        switch (one.Kind)
        {
            case ClusterEvents.SessionTimeout when entry.IsEnded:
                var late = new SessionTimeoutContext(session, details.Occurrence, TimeSpan.Zero, isBrowserPresent: false) { Attempt = one.Attempt };
                dispatcher.Raise(new(SessionEventKind.SessionTimeout, late) { Completed = Done });
                break;
            case ClusterEvents.SessionTimeout:
                var seen = directory.Read(entry);
                if (!IsCurrent(entry, details))
                {
                    // Activity has overtaken it.
                    results.Finish(one, isDelivered: true);
                    break;
                }

                var left = details.TimeLeft is -1 or null ? Timeout.InfiniteTimeSpan : new TimeSpan(details.TimeLeft.Value);
                var context = new SessionTimeoutContext(session, details.Occurrence, left, details.IsPresent) { Attempt = one.Attempt };
                dispatcher.Raise(new(SessionEventKind.SessionTimeout, context)
                {
                    RaiseNumber = seen.RaiseNumber,
                    Completed = async raised =>
                    {
                        // Until it is written, the session waits for it. A node that leaves gives it back.
                        bool isConcluded;
                        while (!(isConcluded = await engine.TryConcludeAsync(raised)) && !node.IsLeaving)
                        {
                            await Task.Delay(node.Pace.Flush, time);
                        }

                        results.Finish(one, isConcluded);
                    },
                });
                break;
            case ClusterEvents.PageUnloaded when PageId.TryCreate(details.Page, out var page):
                var unloaded = new UnloadedPage(page, details.IsPersisted, details.IsCurrent, details.OpenPages);
                logger.PageUnloaded(session.Id, details.OpenPages);
                dispatcher.Raise(new(SessionEventKind.PageUnloaded, new PageUnloadedContext(session, unloaded) { Attempt = one.Attempt }) { Completed = Done });
                break;
            case ClusterEvents.ApplicationExit:
                var exit = new ApplicationExitContext(session, details.Reason) { Attempt = one.Attempt };
                dispatcher.Raise(new(SessionEventKind.ApplicationExit, exit)
                {
                    Completed = async raised =>
                    {
                        endings.LetGo(entry);
                        entry.Shared!.MarkTold();
                        results.FinishExit(one, entry);
                    },
                });
                break;
            default:
                logger.EventNotUnderstood(exception: null, one.Kind, one.SessionId);
                results.Finish(one, isDelivered: true);
                break;
        }
    }
}
