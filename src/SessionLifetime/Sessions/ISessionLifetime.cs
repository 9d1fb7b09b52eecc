namespace SessionLifetime;

/// <summary>All sessions of this server: to look at them, and to end them from outside. A singleton; every member is thread-safe.</summary>
public interface ISessionLifetime
{
    /// <summary>How many sessions live now.</summary>
    /// <value>Zero or more. Sessions whose time is over count until the rules are applied to them.</value>
    long Count { get; }

    /// <summary>Finds a living session by its public id.</summary>
    /// <param name="id">What <see cref="TabSession.Id"/> gives. Anything else finds nothing.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The session, or null when it has ended or never was.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="id"/> is null.</exception>
    ValueTask<TabSession?> FindAsync(string id, CancellationToken cancellationToken = default);

    /// <summary>Lists living sessions, a page at a time, in no particular but a stable order.</summary>
    /// <param name="query">Whose, and which page; null gives the first 100 of all.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The sessions; fewer than <see cref="SessionQuery.PageSize"/> on the last page, empty after it.</returns>
    /// <exception cref="ArgumentException"><see cref="SessionQuery.PageSize"/> is not from 1 to 1,000, or <see cref="SessionQuery.After"/> or
    /// <see cref="SessionQuery.BrowserId"/> is not an id.</exception>
    ValueTask<IReadOnlyList<TabSession>> ListAsync(SessionQuery? query = null, CancellationToken cancellationToken = default);

    /// <summary>Ends one session, as an administrator does.</summary>
    /// <param name="id">Its public id.</param>
    /// <param name="reason">What its handlers and its browser are told.</param>
    /// <param name="cancellationToken">Stops waiting for the handlers; the end stands.</param>
    /// <returns>Whether this call ended it. Completes when the <c>ApplicationExit</c> handlers have run.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="id"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reason"/> is not one of the reasons.</exception>
    ValueTask<bool> EndAsync(string id, SessionEndReason reason = SessionEndReason.Revoked, CancellationToken cancellationToken = default);

    /// <summary>Ends every session, or all but one.</summary>
    /// <param name="except">A session to leave alone, usually the caller's.</param>
    /// <param name="reason">What the handlers and the browsers are told.</param>
    /// <param name="cancellationToken">Stops waiting for the handlers; the ends stand.</param>
    /// <returns>How many sessions this call ended. Completes when their <c>ApplicationExit</c> handlers have run.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reason"/> is not one of the reasons.</exception>
    ValueTask<int> EndAllAsync(
        TabSession? except = null,
        SessionEndReason reason = SessionEndReason.Revoked,
        CancellationToken cancellationToken = default);

    /// <summary>Ends every session of one user: "log out everywhere", or an account that was closed (OWASP ASVS 5, 7.4.2 and 7.4.3).</summary>
    /// <param name="user">The user's id, as <see cref="TabSession.User"/> gives it.</param>
    /// <param name="except">A session to leave alone, usually the caller's.</param>
    /// <param name="reason">What the handlers and the browsers are told.</param>
    /// <param name="cancellationToken">Stops waiting for the handlers; the ends stand.</param>
    /// <returns>How many sessions this call ended. Sessions the user starts meanwhile are not among them: sign the user
    /// out first. Completes when their <c>ApplicationExit</c> handlers have run.</returns>
    /// <exception cref="ArgumentException"><paramref name="user"/> is null or empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="reason"/> is not one of the reasons.</exception>
    ValueTask<int> EndAllAsync(
        string user,
        TabSession? except = null,
        SessionEndReason reason = SessionEndReason.Revoked,
        CancellationToken cancellationToken = default);
}
