namespace SessionLifetime;

/// <summary>
/// A handler call that is running, as far as the code it runs can tell: an exit from inside must not wait for itself. Work a handler
/// leaves behind is inside no more once the call is over.
/// </summary>
internal sealed class HandlerScope(TabSession session)
{
    private static readonly AsyncLocal<HandlerScope?> s_current = new();

    private volatile bool _isOver;

    public static bool IsInside(TabSession session) => s_current.Value is { _isOver: false } scope && ReferenceEquals(scope.Session, session);

    public static void Set(HandlerScope? scope) => s_current.Value = scope;

    public TabSession Session { get; } = session;

    public void End() => _isOver = true;
}
