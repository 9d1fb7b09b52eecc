using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>
/// Where sessions are kept so that they outlive the process and are shared between nodes: plain records, conditional writes and a few lists. It judges
/// nothing: the rules, the limits, rotation and retention are the caller's.
/// </summary>
/// <remarks>
/// <para>
/// All members are thread-safe, and each is one atomic step of the store: nobody sees half of it. No secret ever reaches a store: it is given SHA-256 of
/// session ids, tokens and browser keys only. A store that cannot be reached throws whatever its driver throws; the caller treats that as an outage.
/// Texts that come from outside (users, keys of values) have no NUL and no half of a surrogate pair; users are of any length, keys of at most 1,024 bytes of UTF-8.
/// </para>
/// <para>The tests of the library contain a suite that every store has to pass, <c>BackingStoreContract</c>.</para>
/// </remarks>
[Experimental(StorageDiagnostics.Id)]
public interface ISessionBackingStore : IAsyncDisposable
{
    /// <summary>Prepares the store (its schema, its connections) and registers the node. Called once, before anything else.</summary>
    /// <param name="node">The node.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The store's clocks, and where to read news from.</returns>
    /// <exception cref="SessionStoreException">The store can be reached and cannot be used: rights, a foreign or newer schema. The message names the cure.</exception>
    ValueTask<StoreStart> StartAsync(NodeStart node, CancellationToken cancellationToken);

    /// <summary>The node is gone from now on: it is not live, and what it has taken is free.</summary>
    /// <param name="node">The node.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task that completes when that is known.</returns>
    ValueTask StopAsync(string node, CancellationToken cancellationToken);

    /// <summary>A node lives. One that the store does not know (any more) is registered anew.</summary>
    /// <param name="beat">What the node tells.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Times, live nodes, and news of commits.</returns>
    ValueTask<HeartbeatAnswer> HeartbeatAsync(NodeHeartbeat beat, CancellationToken cancellationToken);

    /// <summary>Moves stamps forward. A stamp that is not later than the store's changes nothing; an ended session takes none.</summary>
    /// <param name="touches">The touches, of different sessions.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What became of each, in the same order.</returns>
    ValueTask<IReadOnlyList<TouchResult>> TouchAsync(IReadOnlyList<SessionTouch> touches, CancellationToken cancellationToken);

    /// <summary>Reads one session, living or ended.</summary>
    /// <param name="key">By what.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null when the store has none by that key.</returns>
    ValueTask<SessionRecord?> LoadAsync(SessionRecordKey key, CancellationToken cancellationToken);

    /// <summary>
    /// Writes decisions, each if its session is still as it was when it was decided upon. An earlier try of the same commit is found by
    /// <see cref="SessionRecord.Writer"/>, and counts as written.
    /// </summary>
    /// <param name="commits">The decisions, of different sessions. Each is a step of its own.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What became of each, in the same order.</returns>
    ValueTask<IReadOnlyList<CommitAnswer>> CommitAsync(IReadOnlyList<SessionCommit> commits, CancellationToken cancellationToken);

    /// <summary>Gives living sessions of which a rule may be due, and keeps them from other callers for a while.</summary>
    /// <param name="request">How many.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The records; fewer than asked for when there are no more.</returns>
    ValueTask<IReadOnlyList<SessionRecord>> TakeDueAsync(DueRequest request, CancellationToken cancellationToken);

    /// <summary>Reads the living sessions that a filter means, in the ordinal order of their public ids.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The records; a session that starts or ends meanwhile may be among them or not.</returns>
    IAsyncEnumerable<SessionRecord> ListAsync(SessionRecordFilter filter, CancellationToken cancellationToken);

    /// <summary>Counts the living sessions that a filter means.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many.</returns>
    ValueTask<long> CountAsync(SessionRecordFilter filter, CancellationToken cancellationToken);

    /// <summary>
    /// Takes events to deliver: those addressed to the node, and, of the kinds that it delivers, those that were given back and those whose addressee, or taker, is
    /// not live. Of one session only the first.
    /// </summary>
    /// <param name="take">Who takes, and how many.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The events, each with its attempt counted.</returns>
    ValueTask<IReadOnlyList<OutboxEvent>> TakeEventsAsync(EventTake take, CancellationToken cancellationToken);

    /// <summary>Removes events that were delivered, and gives back those that were not.</summary>
    /// <param name="results">What became of each.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task that completes when that is written.</returns>
    ValueTask CompleteEventsAsync(IReadOnlyList<EventResult> results, CancellationToken cancellationToken);

    /// <summary>Keeps a token that works once.</summary>
    /// <param name="token">The token.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task that completes when it is kept.</returns>
    ValueTask PutTokenAsync(StoredToken token, CancellationToken cancellationToken);

    /// <summary>Takes a token: of all who ask, one gets it.</summary>
    /// <param name="hash">Its hash.</param>
    /// <param name="isPeek">Whether it is only read, and works on.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null when there is none, or it has expired.</returns>
    ValueTask<StoredToken?> TakeTokenAsync(string hash, bool isPeek, CancellationToken cancellationToken);

    /// <summary>Reads all values of a session.</summary>
    /// <param name="id">The public id.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The values; empty when there are none.</returns>
    ValueTask<IReadOnlyList<StoredValue>> ReadValuesAsync(string id, CancellationToken cancellationToken);

    /// <summary>Writes values of a session, all of them or, where one has another version than expected, none.</summary>
    /// <param name="id">The public id.</param>
    /// <param name="changes">The changes, of different keys.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Those that stand against it; empty when everything was written.</returns>
    ValueTask<IReadOnlyList<StoredValue>> WriteValuesAsync(string id, IReadOnlyList<ValueChange> changes, CancellationToken cancellationToken);

    /// <summary>News of commits as they happen, and requests for heartbeats. For speed only: nothing depends on any of them arriving.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The news, until <paramref name="cancellationToken"/> is cancelled. A store that has no news to give gives none.</returns>
    IAsyncEnumerable<SessionNotice> ListenAsync(CancellationToken cancellationToken);

    /// <summary>Asks all nodes that listen to send a heartbeat at once.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A task that completes when they were asked.</returns>
    ValueTask AskForHeartbeatsAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Forgets sessions that ended before a moment and whose events are delivered, with their values; tokens that have expired; and nodes that are long gone. As
    /// many as hold nobody up: it is called again while it forgets any.
    /// </summary>
    /// <param name="endedBefore">The moment, in service time.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many sessions; 0 when there are no more.</returns>
    ValueTask<int> TrimAsync(TimeSpan endedBefore, CancellationToken cancellationToken);
}
