using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Entries;
using SessionLifetime.Policy;
using SessionLifetime.Scheduling;
using SessionLifetime.Time;

namespace SessionLifetime.Cluster;

/// <summary>
/// Writes decisions: reserves the entry, commits the record together with the events it gives, and makes the entry what was written.
/// </summary>
/// <remarks>
/// A commit whose answer was lost is sent again under the same name: the store knows it. Where no answer comes at all, nobody knows: the entry is read
/// again before anything else is done with it.
/// </remarks>
/// <param name="node">The node.</param>
/// <param name="gate">The way to the store.</param>
/// <param name="scheduler">Starts the batches.</param>
/// <param name="timingsOf">The durations in force for a session.</param>
/// <param name="raised">The events that a decision gives.</param>
/// <param name="onWritten">The entry is what was written; called in its turn.</param>
/// <param name="onMoved">The record moved on elsewhere, or is gone, or is older than it was; called in the entry's turn.</param>
internal sealed class RecordWriter(
    NodeState node,
    StoreGate gate,
    IWorkScheduler scheduler,
    Func<SessionSnapshot, SessionTimings> timingsOf,
    ClusterEvents raised,
    Action<SessionEntry> onWritten,
    Action<SessionEntry, SessionRecord?, bool> onMoved)
{
    private const int BatchSize = 256;

    private readonly Batcher<SessionCommit, CommitAnswer> _batches = new(
        scheduler, commits => gate.CallAsync("writing decisions", (store, stop) => store.CommitAsync(commits, stop)), BatchSize, StoreGate.IsRefusal);

    /// <summary>Writes a decision.</summary>
    /// <param name="entry">The session.</param>
    /// <param name="seen">What was seen.</param>
    /// <param name="next">What was decided.</param>
    /// <param name="nextDue">The first moment at which a rule may come due.</param>
    /// <param name="ignoreTouches">Whether it stands whatever touches came.</param>
    /// <param name="unloaded">Pages whose unloading is part of it; null for none.</param>
    /// <returns>False when the session is not as it was seen, here or in the store.</returns>
    /// <exception cref="SessionStoreUnavailableException">The store did not answer.</exception>
    public async ValueTask<bool> TryWriteAsync(
        SessionEntry entry,
        SessionSnapshot seen,
        SessionSnapshot next,
        Moment nextDue,
        bool ignoreTouches,
        IReadOnlyList<UnloadedPage>? unloaded = null)
    {
        RefuseWithoutClock();
        var shared = entry.Shared!;
        await shared.EnterTurnAsync();
        try
        {
            return entry.TryReserve(seen, ignoreTouches) && await WriteReservedAsync(entry, shared, seen, next, nextDue, ignoreTouches, unloaded);
        }
        finally
        {
            shared.LeaveTurn();
        }
    }

    /// <summary>The commit of a new session. Called in its turn.</summary>
    public async ValueTask<CommitAnswer> InsertAsync(SessionEntry entry, Moment nextDue)
    {
        RefuseWithoutClock();
        var seen = entry.Read();
        var record = RecordOf(entry, seen, entry.ReadPages(), nextDue);
        return await SendAsync(new(record, ExpectedVersion: 0) { Committer = node.Id });
    }

    private async ValueTask<bool> WriteReservedAsync(
        SessionEntry entry,
        SharedState shared,
        SessionSnapshot seen,
        SessionSnapshot next,
        Moment nextDue,
        bool ignoreTouches,
        IReadOnlyList<UnloadedPage>? unloaded)
    {
        var isSettled = false;
        var decideAfter = shared.DecideAfter;
        var home = shared.Home;
        try
        {
            if (Earliest(next) < Earliest(seen) && node.HasOthers)
            {
                // Until then another node may accept touches without knowing of the nearer deadline.
                shared.DecideAfter = Moment.Later(decideAfter, node.Clock.Now + node.Pace.Guard);
            }

            if (shared.WantsHome && !node.IsLive(shared.Home))
            {
                shared.Home = node.Id;
            }

            var (rule, isAbsolute) = RuleOf(seen, next, ignoreTouches);
            var (pages, changes) = ReadPages(entry, shared, ref unloaded);
            var record = RecordOf(entry, next, pages, nextDue);
            var events = shared.IsTakenBack ? [] : raised.Of(record.Id, seen, next, unloaded ?? [], shared.Version + 1);
            var answer = await SendAsync(new(record, shared.Version)
            {
                Committer = node.Id,
                ExpectedStamps = ignoreTouches ? null : SessionRecords.StampsOf(seen),
                NotBefore = rule is null || isAbsolute ? null : SessionRecords.Span(Moment.Later(rule.Value, decideAfter)),
                NotBeforeStoreTime = isAbsolute ? record.AbsoluteAt ?? SessionRecords.AbsoluteAt(next, shared, timingsOf(seen).Absolute) : null,
                Events = events,
            });
            isSettled = answer.Status != CommitStatus.TooEarly;
            if (answer.Status == CommitStatus.Written)
            {
                shared.RemovePageChanges(changes);
                if (unloaded is not null)
                {
                    entry.RemovePages(unloaded);
                }

                shared.IsChanged = false;
                shared.WantsHome = false;
                SessionRecords.Follow(shared, answer.Current!, SessionRecords.DetailsOf(answer.Current!), entry.OnlySecret, next.Owner.Browser);
                entry.Apply(next, nextDue, Answer(shared, next));
                onWritten(entry);
                return true;
            }

            (shared.DecideAfter, shared.Home) = (decideAfter, home);
            if (answer.Status == CommitStatus.Moved)
            {
                // A commit is answered with what is there now: an older one was restored.
                onMoved(entry, answer.Current, answer.Current?.Version < shared.Version);
            }
            else
            {
                shared.TryAgainAt = node.Clock.Now + (node.Pace.Flush / 4);
            }

            return false;
        }
        catch (SessionStoreUnavailableException)
        {
            shared.IsStale = true;
            (shared.DecideAfter, shared.Home) = (decideAfter, home);
            throw;
        }
        finally
        {
            if (!isSettled)
            {
                entry.CancelReservation(seen);
            }
        }
    }

    /// <summary>What those wait for who wait for the handlers of a raise; null while there is none.</summary>
    [SuppressMessage("Design", "MA0022:Return Task.FromResult instead of returning null", Justification = "No task says that nobody is asked.")]
    public static Task? Answer(SharedState shared, in SessionSnapshot next)
    {
        if (next.Raising)
        {
            return (shared.Answer ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        shared.Answer?.TrySetResult();
        shared.Answer = null;
        return null;
    }

    /// <summary>The pages as they are to be written, and the changes that are part of that.</summary>
    private static (IReadOnlyList<SessionPage> Pages, IReadOnlyList<PageChange> Changes) ReadPages(
        SessionEntry entry, SharedState shared, ref IReadOnlyList<UnloadedPage>? unloaded)
    {
        lock (shared.PageLock)
        {
            var pages = entry.ReadPages();
            if (unloaded is not null)
            {
                // One that has come back meanwhile stays.
                unloaded = [.. unloaded.Where(gone => pages.Any(page => page.Id == gone.Id && !page.UnloadAt.IsNever))];
                var gone = unloaded;
                pages = [.. pages.Where(page => page.UnloadAt.IsNever || !gone.Any(one => one.Id == page.Id))];
            }

            return (pages, shared.PageChanges.Count == 0 ? [] : [.. shared.PageChanges]);
        }
    }

    /// <summary>The moment of the rule that a decision applies; null for one that applies none.</summary>
    private (Moment? Rule, bool IsAbsolute) RuleOf(in SessionSnapshot seen, in SessionSnapshot next, bool ignoreTouches)
    {
        if (ignoreTouches || (next.State != SessionState.Ended && next.RaiseNumber == seen.RaiseNumber))
        {
            return (null, false);
        }

        var timings = timingsOf(seen);
        var now = node.Clock.Now;
        var copy = seen;
        var step = Clockwork.Advance(ref copy, timings, now, hasHandlers: next.Raising);
        return step.Kind == ClockStepKind.Nothing ? (now, false) : (step.At, next.State == SessionState.Ended && next.EndReason == SessionEndReason.AbsoluteTimeout);
    }

    /// <summary>Before the store was heard for the first time, no moment is known that could be written.</summary>
    private void RefuseWithoutClock()
    {
        if (!node.Clock.IsKnown)
        {
            throw new SessionStoreUnavailableException("The store of the sessions has not been reached since the start.");
        }
    }

    /// <summary>The moment that may come nearer by a change of anything but stamps.</summary>
    private Moment Earliest(in SessionSnapshot seen) => seen.State == SessionState.Ended ? Moment.Never : Clockwork.NextDue(seen, timingsOf(seen), seen.StartedAt);

    private SessionRecord RecordOf(SessionEntry entry, in SessionSnapshot next, IEnumerable<SessionPage> pages, Moment nextDue)
    {
        var due = nextDue;
        foreach (var page in pages)
        {
            due = Moment.Earlier(due, page.UnloadAt);
        }

        return SessionRecords.Of(entry, next, pages, due, timingsOf(next).Absolute, node.Clock.Now, node.NextWriter());
    }

    private async ValueTask<CommitAnswer> SendAsync(SessionCommit commit)
    {
        var wasAway = gate.IsAway;
        try
        {
            return await _batches.SendAsync(commit);
        }
        catch (SessionStoreUnavailableException exception) when (!wasAway && !StoreGate.IsRefusal(exception))
        {
            // The answer may have been lost after the write: the commit's name says so.
            var answers = await gate.CallAsync("writing a decision", (store, stop) => store.CommitAsync([commit], stop), isEssential: true);
            return answers[0];
        }
    }
}
