namespace SessionLifetime;

/// <summary>The user was idle for the session's timeout, or the session is about to end without ever having been so.</summary>
public sealed class SessionTimeoutContext : SessionEventContext
{
    internal SessionTimeoutContext(TabSession session, int occurrence, TimeSpan timeLeft, bool isBrowserPresent)
        : base(session)
    {
        Occurrence = occurrence;
        TimeLeft = timeLeft;
        IsBrowserPresent = isBrowserPresent;
    }

    /// <summary>
    /// Set it to let the session live on: no countdown shows, the idle clock starts anew, and the event is raised again after each
    /// further timeout. It has no effect when the user was active meanwhile, when the handler throws or is cut off at its time limit,
    /// or when the browser is gone (a lost signal ends the session, handled or not).
    /// </summary>
    /// <value>False: the countdown shows, then the session ends.</value>
    public bool Handled { get; set; }

    /// <summary>How often this was raised since the user's last activity, this time included: 1, 2, ...</summary>
    public int Occurrence { get; }

    /// <summary>How long until the session ends if nobody handles this and nothing more happens; zero when its end is decided already.</summary>
    public TimeSpan TimeLeft { get; }

    /// <summary>Whether the browser still signals: heard of within two keep-alive intervals.</summary>
    public bool IsBrowserPresent { get; }

    internal SessionTimeoutContext Again(bool handled) => new(Session, Occurrence, TimeLeft, IsBrowserPresent) { Handled = handled };
}
