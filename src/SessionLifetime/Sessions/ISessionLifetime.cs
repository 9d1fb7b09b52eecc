namespace SessionLifetime;

/// <summary>All sessions of this server: to look at them, and to end them from outside. A singleton; every member is thread-safe.</summary>
public interface ISessionLifetime
{
    /// <summary>How many sessions live now.</summary>
    long Count { get; }

    /// <summary>Finds a living session by its public id.</summary>
    /// <param name="id">What <see cref="TabSession.Id"/> gives. Anything else finds nothing.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The session, or null when it has ended or never was.</returns>
    ValueTask<TabSession?> FindAsync(string id, CancellationToken cancellationToken = default);

    /// <summary>Lists the living sessions, a page at a time, in no particular but a stable order.</summary>
    /// <param name="pageSize">How many at most, 1 to 1,000.</param>
    /// <param name="after">The public id of the last session of the page before; null begins.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask<IReadOnlyList<TabSession>> ListAsync(int pageSize = 100, string? after = null, CancellationToken cancellationToken = default);

    /// <summary>Ends one session, as an administrator does.</summary>
    /// <param name="id">Its public id.</param>
    /// <param name="reason">What its handlers and its browser are told.</param>
    /// <param name="cancellationToken">Stops waiting for the handlers; the end stands.</param>
    /// <returns>Whether this call ended it. Completes when the <c>ApplicationExit</c> handlers have run.</returns>
    ValueTask<bool> EndAsync(string id, SessionEndReason reason = SessionEndReason.Revoked, CancellationToken cancellationToken = default);

    /// <summary>Ends every session, or all but one.</summary>
    /// <param name="except">A session to leave alone, usually the caller's.</param>
    /// <param name="reason">What the handlers and the browsers are told.</param>
    /// <param name="cancellationToken">Stops waiting for the handlers; the ends stand.</param>
    /// <returns>How many sessions this call ended.</returns>
    ValueTask<int> EndAllAsync(
        TabSession? except = null,
        SessionEndReason reason = SessionEndReason.Revoked,
        CancellationToken cancellationToken = default);
}
