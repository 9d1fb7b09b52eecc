namespace SessionLifetime;

/// <summary>Which session's handler the current code runs in, so that an exit from inside does not wait for itself.</summary>
internal static class HandlerScope
{
    private static readonly AsyncLocal<TabSession?> s_current = new();

    public static bool IsInside(TabSession session) => ReferenceEquals(s_current.Value, session);

    public static void Enter(TabSession session) => s_current.Value = session;

    public static void Leave() => s_current.Value = null;
}
