using SessionLifetime.Entries;

namespace SessionLifetime;

/// <summary>
/// A page was unloaded and no page of its tab followed within <see cref="SessionLifetimeOptions.UnloadGrace"/>: the tab or the browser was closed,
/// or left for another site.
/// </summary>
public sealed class PageUnloadedContext : SessionEventContext
{
    internal PageUnloadedContext(TabSession session, UnloadedPage page)
        : base(session)
    {
        Page = page.Id.ToString();
        IsCurrent = page.IsCurrent;
        OpenPages = page.OpenPages;
        Persisted = page.Persisted;
    }

    /// <summary>The page that was unloaded, as the browser named it.</summary>
    /// <value>1 to 64 letters, digits, hyphens and underscores.</value>
    public string Page { get; }

    /// <summary>Whether it is the page that was used last: no other page of the session has attached, or sent a request, since this one did.</summary>
    /// <value>True for the only page. That a page detaches does not make it the one that was used last.</value>
    public bool IsCurrent { get; }

    /// <summary>How many pages the session still has.</summary>
    /// <value>Zero or more.</value>
    public int OpenPages { get; }

    /// <summary>Whether the browser kept it in its back/forward cache, from where it may come back as a new page.</summary>
    public bool Persisted { get; }
}
