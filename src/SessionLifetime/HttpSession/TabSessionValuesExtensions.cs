using SessionLifetime.HttpSession;

namespace SessionLifetime;

/// <summary>What <c>HttpContext.Session</c> holds, where there is no request: in event handlers, above all.</summary>
public static class TabSessionValuesExtensions
{
    /// <summary>
    /// Copies the values that requests have put into <c>HttpContext.Session</c> by way of <c>AddHttpSession()</c>. Still readable in
    /// <c>ApplicationExit</c> handlers; empty once what the session owned is disposed.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <returns>A copy: keys, and values as they were written.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="session"/> is null.</exception>
    public static IReadOnlyDictionary<string, byte[]> GetHttpSessionValues(this TabSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.OwnedIfAny?.Part<SessionValues>()?.Copy() ?? [];
    }
}
