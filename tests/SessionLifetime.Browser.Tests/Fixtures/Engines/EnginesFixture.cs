[assembly: AssemblyFixture(typeof(SessionLifetime.Browser.Tests.Fixtures.Engines.EnginesFixture))]

namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>The engines, each started when the first test asks for it. A test has a process to itself: one window hides the tabs of another.</summary>
public sealed class EnginesFixture : IAsyncDisposable
{
    private readonly Pool<FirefoxProcess> _firefox = new(FirefoxProcess.StartAsync);
    private readonly Pool<WebKitDriver> _webKit = new(WebKitDriver.StartAsync);

    /// <summary>A browser of an engine, with nothing in it.</summary>
    public async Task<IEngineBrowser> OpenAsync(EngineKind engine, ChromiumFixture chromium) => engine switch
    {
        EngineKind.Firefox => await FirefoxBrowser.OpenAsync(await _firefox.TakeAsync(), _firefox.Return),
        EngineKind.WebKit => await WebKitBrowser.OpenAsync(await _webKit.TakeAsync(), _webKit.Return),
        _ => await ChromiumBrowser.OpenAsync(chromium),
    };

    /// <summary>The same, but with what Playwright keeps from Chromium: it hides tabs, freezes them, and keeps pages that are left.</summary>
    public async Task<IEngineBrowser> OpenBareAsync(EngineKind engine, ChromiumFixture chromium) =>
        engine == EngineKind.Chromium ? await BareChromiumBrowser.OpenAsync() : await OpenAsync(engine, chromium);

    public async ValueTask DisposeAsync()
    {
        await _firefox.DisposeAsync();
        await _webKit.DisposeAsync();
    }
}
