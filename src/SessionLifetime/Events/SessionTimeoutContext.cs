namespace SessionLifetime;

/// <summary>The user was idle for the session's timeout, or the session ends before that: then this is raised once in front of <c>ApplicationExit</c>.</summary>
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
    /// Set it to keep the session alive: no countdown shows, the idle clock starts anew, and the event is raised again after each
    /// further timeout. It has no effect when the user was active meanwhile, when the handler throws or is cut off at its time limit,
    /// or when the browser is gone (a lost signal ends the session, handled or not).
    /// </summary>
    /// <value>False: the countdown shows, then the session ends.</value>
    public bool Handled { get; set; }

    /// <summary>How often this was raised since the user's last activity, this time included.</summary>
    /// <value>1, 2, ...</value>
    public int Occurrence { get; }

    /// <summary>How long until the session ends if nobody handles this and nothing more happens.</summary>
    /// <value>Zero when its end is decided already; never negative.</value>
    public TimeSpan TimeLeft { get; }

    /// <summary>Whether the browser still signals.</summary>
    /// <value>True when it was heard of within two keep-alive intervals.</value>
    public bool IsBrowserPresent { get; }

    internal SessionTimeoutContext Again(bool handled) => new(Session, Occurrence, TimeLeft, IsBrowserPresent) { Handled = handled, Attempt = Attempt };
}
