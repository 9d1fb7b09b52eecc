namespace SessionLifetime.Storage;

/// <summary>
/// Where sessions are kept so that they outlive the process: plain records, conditional writes and a few lists. It judges nothing: the rules,
/// the limits, rotation and retention are the caller's.
/// </summary>
/// <remarks>
/// All members are thread-safe. Every moment is the store's: the time since an origin that the store chose once and keeps over restarts. No
/// secret ever reaches a store: it is given SHA-256 of session ids and browser keys only.
/// </remarks>
internal interface ISessionBackingStore : IAsyncDisposable
{
    /// <summary>Prepares the store: its schema, its connections. Called once, before anything else.</summary>
    /// <returns>The store's now.</returns>
    ValueTask<StoreStart> StartAsync(CancellationToken cancellationToken);

    /// <summary>Reads one session, living or ended.</summary>
    /// <returns>Null when the store has none by that key.</returns>
    ValueTask<SessionRecord?> LoadAsync(SessionKey key, CancellationToken cancellationToken);

    /// <summary>Writes a decision, if the session is still as it was when it was decided upon.</summary>
    ValueTask<CommitAnswer> CommitAsync(SessionCommit commit, CancellationToken cancellationToken);

    /// <summary>Moves stamps forward. A stamp that is not later than the store's changes nothing; an ended session takes none.</summary>
    /// <returns>The records of those sessions that have another version than the touch expects, or have ended; unknown sessions are left out.</returns>
    ValueTask<IReadOnlyList<SessionRecord>> TouchAsync(ReadOnlyMemory<SessionTouch> touches, CancellationToken cancellationToken);

    /// <summary>Reads living sessions whose next rule may be due.</summary>
    ValueTask<IReadOnlyList<SessionRecord>> TakeDueAsync(DueRequest request, CancellationToken cancellationToken);

    /// <summary>Reads the living sessions that a filter means, in the order of their public ids.</summary>
    IAsyncEnumerable<SessionRecord> ListAsync(SessionRecordFilter filter, CancellationToken cancellationToken);

    /// <summary>Counts the living sessions that a filter means.</summary>
    ValueTask<long> CountAsync(SessionRecordFilter filter, CancellationToken cancellationToken);

    /// <summary>News of commits, for speed only: nothing depends on any of them arriving.</summary>
    IAsyncEnumerable<SessionNotice> ListenAsync(CancellationToken cancellationToken);

    /// <summary>Forgets the sessions that ended before a moment.</summary>
    /// <returns>How many.</returns>
    ValueTask<int> TrimAsync(TimeSpan endedBefore, CancellationToken cancellationToken);
}
