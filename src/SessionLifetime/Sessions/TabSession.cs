using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Sessions;

namespace SessionLifetime;

/// <summary>
/// The server session of one browser tab (or of one browser, where the app stores the id so). It starts, warns its user, and
/// ends exactly once for a known reason.
/// </summary>
/// <remarks>
/// All members may be called from any thread, at any time, also after the end. One instance exists for each session of this server
/// as long as anything refers to it.
/// </remarks>
public sealed class TabSession : IEntryObserver
{
    private readonly SessionEntry _entry;
    private readonly ITabSessionController _controller;
    private CancellationTokenSource? _ended;
    private TaskCompletionSource? _completed;
    private bool _isCompleted;
    private OwnedObjects? _owned;
    private SessionConnections? _connections;
    private string? _id;

    internal TabSession(SessionEntry entry, ITabSessionController controller)
    {
        _entry = entry;
        _controller = controller;
    }

    /// <summary>
    /// The session's public id: it names the session in logs, lists and statuses. It is unrelated to the secret the browser holds, never
    /// changes, and gives no access.
    /// </summary>
    /// <value>11 characters of base64url (RFC 4648, section 5).</value>
    public string Id => _id ??= _entry.Id.ToString();

    /// <summary>The state of the session, as of the last time the rules were applied.</summary>
    public SessionState State => _entry.Read().State;

    /// <summary>Why the session ended.</summary>
    /// <value>Null while it lives.</value>
    public SessionEndReason? EndReason => _entry.Read() is { State: SessionState.Ended } seen ? seen.EndReason : null;

    /// <summary>When the session started.</summary>
    /// <value>UTC, by the server's clock.</value>
    public DateTimeOffset StartedAt => _controller.ToUtc(_entry.StartedAt);

    /// <summary>When its user was last active.</summary>
    /// <value>UTC, by the server's clock.</value>
    public DateTimeOffset LastActivity => _controller.ToUtc(_entry.LastActivity);

    /// <summary>When the last signal of its browser came.</summary>
    /// <value>UTC, by the server's clock.</value>
    public DateTimeOffset LastSignal => _controller.ToUtc(_entry.LastSignal);

    /// <summary>The user the session belongs to: the first who was signed in when it was used.</summary>
    /// <value>What the claim <see cref="SessionLifetimeOptions.UserClaimType"/> says; null while nobody has signed in.</value>
    public string? User => _entry.User;

    /// <summary>Names the browser the session is bound to: the same for all its sessions, safe to log, and unrelated to anything it sends.</summary>
    /// <value>Null while no request has brought the browser's key.</value>
    public string? BrowserId => _entry.Owner.BrowserId?.ToString();

    /// <summary>How many pages the session has now. Pages that were silent for the signal timeout do not count.</summary>
    /// <value>From 0 to 32.</value>
    public int OpenPages => _controller.CountOpenPages(_entry);

    /// <summary>
    /// Whether this process is the one that holds the session's live objects: <see cref="Items"/> and session-scoped services. Where sessions are kept in
    /// a store, another process may hold them, and this one has others: send the requests of one browser to one process, or keep the state persisted.
    /// </summary>
    /// <value>True where sessions are kept in memory, and while no process holds any.</value>
    public bool IsHome => _controller.IsHome(_entry);

    /// <summary>
    /// Live objects that belong to the session, by key. They are disposed with it, after the <c>ApplicationExit</c> handlers have run and
    /// its last request has completed.
    /// </summary>
    public SessionItems Items => Owned.Items;

    /// <summary>
    /// Cancelled when the session has ended and its <c>ApplicationExit</c> handlers have run. Pass it to work done for the session.
    /// Callbacks run on a thread-pool thread.
    /// </summary>
    public CancellationToken Ended
    {
        get
        {
            lock (_entry)
            {
                if (_isCompleted && _ended is null)
                {
                    return new CancellationToken(canceled: true);
                }

                return (_ended ??= new()).Token;
            }
        }
    }

    /// <summary>How long the user may be idle before <c>SessionTimeout</c> is raised.</summary>
    /// <value>Zero means never; not negative. Never null when read. Setting null follows <see cref="SessionLifetimeOptions.SessionTimeout"/> again.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public TimeSpan? SessionTimeout
    {
        get => _controller.EffectiveTimeouts(_entry).SessionTimeout;
        set
        {
            if (value is { } duration)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(duration, TimeSpan.Zero, nameof(value));
            }

            _controller.Override(_entry, own => own with { SessionTimeout = value });
        }
    }

    /// <summary>How long the countdown shows before the session ends.</summary>
    /// <value>
    /// Positive; WCAG 2.2.1 asks for at least 20 seconds. Never null when read; zero where there is no timeout to count down after, and none was set. Setting null
    /// follows <see cref="SessionLifetimeOptions.CountdownDuration"/> again.
    /// </value>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    public TimeSpan? CountdownDuration
    {
        get => _controller.EffectiveTimeouts(_entry).CountdownDuration;
        set => _controller.Override(_entry, own => own with { CountdownDuration = Positive(value) });
    }

    /// <summary>How long the browser may be silent before the session ends.</summary>
    /// <value>Positive; null means never when read. Setting null follows <see cref="SessionLifetimeOptions.SignalTimeout"/> again.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    public TimeSpan? SignalTimeout
    {
        get => _controller.EffectiveTimeouts(_entry).SignalTimeout;
        set => _controller.Override(_entry, own => own with { SignalTimeout = Positive(value) });
    }

    /// <summary>How long the session may live, counted from its start, whatever its user does (OWASP ASVS 5, 7.3.2).</summary>
    /// <value>Positive; null means none when read. Setting null follows <see cref="SessionLifetimeOptions.AbsoluteTimeout"/> again.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    public TimeSpan? AbsoluteTimeout
    {
        get => _controller.EffectiveTimeouts(_entry).AbsoluteTimeout;
        set => _controller.Override(_entry, own => own with { AbsoluteTimeout = Positive(value) });
    }

    /// <summary>The dispatcher's queue of this session's events, made by it when the first one waits; given up when the exit has been told.</summary>
    internal object? EventQueue;

    internal SessionEntry Entry => _entry;

    /// <summary>What the session owns; made when it is first asked for.</summary>
    internal OwnedObjects Owned => OwnedIfAny ?? Interlocked.CompareExchange(ref _owned, new(), null) ?? _owned;

    bool IEntryObserver.HoldsLive => Volatile.Read(ref _connections) is not null || OwnedIfAny is { HoldsAny: true };

    internal OwnedObjects? OwnedIfAny => Volatile.Read(ref _owned);

    /// <summary>What stays open for the session; made when it is first asked for.</summary>
    internal SessionConnections Connections =>
        Volatile.Read(ref _connections) ?? Interlocked.CompareExchange(ref _connections, new(_entry), null) ?? _connections;

    /// <summary>Completes when the session has ended and its <c>ApplicationExit</c> handlers have run.</summary>
    internal Task Completion
    {
        get
        {
            lock (_entry)
            {
                return _isCompleted
                    ? Task.CompletedTask
                    : (_completed ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
        }
    }

    void IEntryObserver.OnLastRequestLeft() => OwnedIfAny?.LastRequestLeft();

    /// <summary>Counts as activity of the user now, as a request would: for work that the user has asked for by other means.</summary>
    /// <returns>True; false when the session has ended.</returns>
    public bool MarkActivity() => _controller.MarkActivity(_entry);

    /// <summary>
    /// Ends the session now, for the reason <see cref="SessionEndReason.Exited"/>. Harmless when the session has ended already.
    /// </summary>
    /// <returns>
    /// Completes when the <c>ApplicationExit</c> handlers have run; it waits for no socket, request or disposal. Inside a handler, of
    /// whatever session, it completes once the end is decided.
    /// </returns>
    public Task ExitAsync() => _controller.ExitAsync(_entry, SessionEndReason.Exited);

    /// <summary>
    /// Ends the session after <paramref name="after"/>, for the reason <see cref="SessionEndReason.SelfDestructed"/>, unless any later
    /// signal arrives: a ping, an attach, an app request. A second call replaces the first.
    /// </summary>
    /// <param name="after">Zero or more; zero ends it the next time the rules are applied.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="after"/> is negative.</exception>
    public void SelfDestruct(TimeSpan after)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(after, TimeSpan.Zero);
        _controller.SelfDestruct(_entry, after);
    }

    /// <summary>Takes <see cref="SelfDestruct"/> back. Harmless when it was not called.</summary>
    public void CancelSelfDestruct() => _controller.SelfDestruct(_entry, after: null);

    /// <summary>
    /// Gives the session a new secret id, as every change of privileges asks for (OWASP ASVS 5, 7.2.4). At sign-in it happens by itself.
    /// The browser gets the new one with this request's answer, or the next; the old one works until
    /// <see cref="SessionLifetimeOptions.IdRotationOverlap"/> after the new one's first use. <see cref="Id"/> stays.
    /// </summary>
    /// <remarks>Until the new one is used, further calls make no other. Harmless when the session has ended.</remarks>
    /// <returns>Completes when the session has the new id.</returns>
    public Task RotateIdAsync() => _controller.RotateIdAsync(_entry);

    /// <summary>
    /// Unbinds the session from its user at sign-out, and gives it a new secret id. The next user who signs in may go on with it, and finds
    /// what the former left there: to leave nothing, end it with <see cref="ExitAsync"/> instead. Harmless when the session has ended.
    /// </summary>
    /// <returns>Completes when the session has no user and the new id.</returns>
    public Task ReleaseUserAsync() => _controller.ReleaseUserAsync(_entry);

    /// <summary>The public <see cref="Id"/>: safe to log.</summary>
    /// <returns>The same as <see cref="Id"/>.</returns>
    public override string ToString() => Id;

    /// <summary>The exit handlers have run: waiters go on. Returns what is to be cancelled now, if anybody asked for the token.</summary>
    internal CancellationTokenSource? Complete()
    {
        CancellationTokenSource? ended;
        lock (_entry)
        {
            _isCompleted = true;
            ended = _ended;
        }

        _completed?.TrySetResult();
        return ended;
    }

    /// <summary>
    /// The session has ended: closes what it owns if that is nothing and no request can make one any more. False when there is something to
    /// wait for, or to dispose.
    /// </summary>
    internal bool TryCloseEmpty() =>
        !_entry.HasRequests && (Interlocked.CompareExchange(ref _owned, OwnedObjects.Closed, null) ?? OwnedObjects.Closed) == OwnedObjects.Closed;

    /// <summary>The session has ended: nothing is made any more. Null when there never was a connection.</summary>
    internal SessionConnections? TakeConnections() => Interlocked.CompareExchange(ref _connections, SessionConnections.Closed, null);

    /// <summary>What it owned is disposed: a reference to the session keeps none of it alive.</summary>
    internal void ForgetOwned() => Volatile.Write(ref _owned, OwnedObjects.Closed);

    private static TimeSpan? Positive(TimeSpan? value)
    {
        if (value is { } duration)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(duration, TimeSpan.Zero, nameof(value));
        }

        return value;
    }
}
