namespace SessionLifetime;

/// <summary>The states of a session.</summary>
public enum SessionState
{
    /// <summary>It lives, and its user was active within the timeout (or a handler said that this does not matter).</summary>
    Active,

    /// <summary>
    /// <c>SessionTimeout</c> was raised: its handlers are being asked, or nobody handled it and the countdown runs. Activity makes the
    /// session active again.
    /// </summary>
    TimedOut,

    /// <summary>It has ended, once and for one reason. Nothing brings it back.</summary>
    Ended,
}
