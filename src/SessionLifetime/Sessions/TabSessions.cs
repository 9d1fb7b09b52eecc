using SessionLifetime.Entries;

namespace SessionLifetime.Sessions;

/// <summary>The public objects of session entries, each made when it is first asked for.</summary>
/// <param name="controller">What they ask of the engine; read with the first of them.</param>
internal sealed class TabSessions(Func<ITabSessionController> controller)
{
    private ITabSessionController? _controller;

    /// <summary>The public object of an entry: one for each.</summary>
    public TabSession Of(SessionEntry entry) => entry.Observer as TabSession ?? Make(entry);

    private TabSession Make(SessionEntry entry) =>
        (TabSession)entry.SetObserver(new TabSession(entry, _controller ??= controller()));
}
