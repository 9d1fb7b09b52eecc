using System.Text;
using SessionLifetime.Entries;
using SessionLifetime.Scheduling;
using SessionLifetime.Time;

namespace SessionLifetime.Cluster;

/// <summary>
/// Turns of serialized requests across nodes: a reserved value of the session says which node has the turn. Taking it is a conditional write, giving it
/// back another. A turn of a node that is gone is free.
/// </summary>
/// <remarks>Within a node the requests of a session are in order already: one at a time asks here.</remarks>
internal sealed class SharedTurns(NodeState node, StoreGate gate, IWorkScheduler scheduler, ProcessClock clock, TimeProvider time)
{
    /// <summary>The reserved value. It is no value of the app's.</summary>
    public const string Key = "~SessionLifetime.Turn";

    /// <summary>No value has it.</summary>
    private const long NoVersion = -1;

    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_longest = TimeSpan.FromMilliseconds(250);

    /// <summary>Waits until the turn is this node's.</summary>
    /// <param name="entry">The session.</param>
    /// <param name="timeout">How long at most.</param>
    /// <param name="giveUp">Ends the wait.</param>
    /// <returns>False where the time was up, the wait was given up, or the session has ended.</returns>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask<bool> TryTakeAsync(SessionEntry entry, TimeSpan timeout, CancellationToken giveUp)
    {
        using var limit = new TimeLimit(timeout, time, clock);
        var pause = s_shortest;
        var expected = entry.Shared!.TurnVersion;
        while (!giveUp.IsCancellationRequested && !entry.IsEnded)
        {
            if (await TryWriteAsync(entry, node.Id, expected) is not { } held)
            {
                return true;
            }

            if (HolderOf(held) is not { Length: > 0 } holder || string.Equals(holder, node.Id, StringComparison.Ordinal) || await IsGoneAsync(holder))
            {
                expected = held.Version;
                continue;
            }

            // The next write only reads: what is taken is not to be written over.
            expected = NoVersion;

            if (limit.HasPassed)
            {
                return false;
            }

            await TimedWait.ForAsync(limit.Passed, pause, time);
            pause = pause * 2 < s_longest ? pause * 2 : s_longest;
        }

        return false;
    }

    /// <summary>Gives the turn back, however long the store is away.</summary>
    /// <param name="entry">The session.</param>
    /// <param name="then">Called when that is done.</param>
    public void GiveBack(SessionEntry entry, Action then) => _ = scheduler.Run(async () =>
    {
        while (!entry.IsEnded)
        {
            try
            {
                await TryWriteAsync(entry, holder: "", entry.Shared!.TurnVersion);
                break;
            }
            catch (SessionStoreUnavailableException)
            {
                // Others wait for it while this node lives.
                await Task.Delay(node.Pace.Flush, time);
            }
        }

        then();
    });

    /// <summary>Whether a node is gone. One that is not known yet may have started just now: the heartbeat after the one that may be under way knows.</summary>
    private async ValueTask<bool> IsGoneAsync(string holder) =>
        !node.IsLive(holder) && await node.Beat() && await node.Beat() && !node.IsLive(holder);

    private static string HolderOf(StoredValue held) => held.Data is null ? "" : Encoding.UTF8.GetString(held.Data);

    /// <returns>What stands against it; null when it is written.</returns>
    private async ValueTask<StoredValue?> TryWriteAsync(SessionEntry entry, string holder, long expected)
    {
        var id = entry.Id.ToString();
        var change = new ValueChange(Key, Encoding.UTF8.GetBytes(holder), expected);
        var against = await gate.CallAsync("taking a turn", (store, stop) => store.WriteValuesAsync(id, [change], stop));
        if (against.Count == 0)
        {
            entry.Shared!.TurnVersion = expected + 1;
            return null;
        }

        return against[0];
    }
}
