using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>A case that is run in every engine from one description. It fails when a page threw or did what its policy forbids.</summary>
public abstract class EngineTest(EnginesFixture engines, ChromiumFixture chromium) : IAsyncLifetime
{
    private Task<IEngineBrowser>? _browser;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await (_browser is null ? ValueTask.CompletedTask : (await _browser).DisposeAsync());
        Assert.Empty(PageErrors.Current);
        GC.SuppressFinalize(this);
    }

    /// <summary>The browser of the test.</summary>
    protected Task<IEngineBrowser> BrowserAsync(EngineKind engine) => _browser ??= OpenAsync(engine);

    /// <summary>The browser of the test, if it is to hide tabs and to keep pages that are left.</summary>
    protected Task<IEngineBrowser> BareBrowserAsync(EngineKind engine) => _browser ??= engines.OpenBareAsync(engine, chromium);

    /// <summary>A browser, which whoever asks has to close.</summary>
    protected Task<IEngineBrowser> OpenAsync(EngineKind engine) => engines.OpenAsync(engine, chromium);

    /// <summary>Opens a page in a tab, and waits until it has its session.</summary>
    protected async Task<IEngineTab> OpenAsync(EngineKind engine, TestServer server, string path = "/")
    {
        var tab = await (await BrowserAsync(engine)).NewTabAsync();
        await tab.GoToAsync(server.Url + path);
        await tab.ReadyAsync();
        return tab;
    }

    /// <summary>Opens a page of the relay in a tab, and waits until it has its session and tokens.</summary>
    protected async Task<IEngineTab> OpenAsync(EngineKind engine, NavigationServer server, string path = "/first")
    {
        var tab = await (await BrowserAsync(engine)).NewTabAsync();
        await tab.GoToAsync(server.Url + path);
        await tab.SettleAsync();
        return tab;
    }
}
