using SessionLifetime.Entries;

namespace SessionLifetime;

/// <summary>A page said good-bye and no page of its tab followed: the tab or the browser was closed, or left for another site.</summary>
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

    /// <summary>The page that went, as the browser named it.</summary>
    public string Page { get; }

    /// <summary>Whether it was the page heard of last: no other page of the session was heard of later.</summary>
    public bool IsCurrent { get; }

    /// <summary>How many pages the session still shows.</summary>
    public int OpenPages { get; }

    /// <summary>Whether the browser kept it in its back/forward cache, from where it may come back as a new page.</summary>
    public bool Persisted { get; }
}
