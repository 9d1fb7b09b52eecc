namespace SessionLifetime;

/// <summary>Why a session ended. A session ends exactly once, for exactly one of these reasons.</summary>
/// <remarks>
/// The values are public and stored: new ones are added at the end. The browser module has the same list, in <c>session-lifetime.d.ts</c> (twice: the type
/// and the words) and in <c>module/words.js</c>, which is built anew; a test compares them. The README and the package's name what ends a session below their
/// five rules.
/// </remarks>
public enum SessionEndReason
{
    /// <summary>The app or the user ended it: <c>ExitAsync()</c>, "leave", or the exit endpoint.</summary>
    Exited,

    /// <summary>The user did nothing through the timeout and the countdown, while the browser still signalled.</summary>
    IdleTimeout,

    /// <summary>No signal of the browser came any more: it was closed, asleep, offline, or gone.</summary>
    SignalLost,

    /// <summary><c>SelfDestruct(after)</c>, or the last page of a session under <c>SelfDestructOnUnload</c>, armed it, and no signal came in time.</summary>
    SelfDestructed,

    /// <summary>The session lived for <c>AbsoluteTimeout</c>, whatever its user did.</summary>
    AbsoluteTimeout,

    /// <summary>An administrator ended it, or the user logged out everywhere.</summary>
    Revoked,

    /// <summary>A limit made room for a newer session.</summary>
    Displaced,

    /// <summary>The server was stopping.</summary>
    HostStopping,
}
