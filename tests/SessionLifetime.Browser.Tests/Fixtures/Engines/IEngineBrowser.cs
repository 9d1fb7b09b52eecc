namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>A browser with nothing in it: no cookies, no storage, no cache that another test has filled.</summary>
public interface IEngineBrowser : IAsyncDisposable
{
    /// <summary>Opens a tab, which is shown and has the focus.</summary>
    Task<IEngineTab> NewTabAsync();

    /// <summary>The tabs that are open, also those that pages have opened, in the order in which they came.</summary>
    Task<IReadOnlyList<IEngineTab>> TabsAsync();

    /// <summary>The cookies that the site of a tab's page has, those for no script included.</summary>
    Task<IReadOnlyList<EngineCookie>> CookiesAsync(IEngineTab tab);

    /// <summary>Adds a cookie to the site of a tab's page.</summary>
    Task AddCookieAsync(IEngineTab tab, string name, string value);

    /// <summary>Deletes the cookies of the site of a tab's page.</summary>
    Task ClearCookiesAsync(IEngineTab tab);
}
