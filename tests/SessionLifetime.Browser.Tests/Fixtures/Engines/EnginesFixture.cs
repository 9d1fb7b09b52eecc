[assembly: AssemblyFixture(typeof(SessionLifetime.Browser.Tests.Fixtures.Engines.EnginesFixture))]

namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>The engines, each started when the first test asks for it, and once.</summary>
public sealed class EnginesFixture : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private FirefoxProcess? _firefox;
    private WebKitDriver? _webKit;

    /// <summary>A browser of an engine, with nothing in it.</summary>
    public async Task<IEngineBrowser> OpenAsync(EngineKind engine, ChromiumFixture chromium)
    {
        await _turn.WaitAsync();
        try
        {
            return engine switch
            {
                EngineKind.Firefox => await FirefoxBrowser.OpenAsync(_firefox ??= await FirefoxProcess.StartAsync()),
                EngineKind.WebKit => await WebKitBrowser.OpenAsync(_webKit ??= await WebKitDriver.StartAsync()),
                _ => await ChromiumBrowser.OpenAsync(chromium),
            };
        }
        finally
        {
            _turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await (_firefox?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_webKit?.DisposeAsync() ?? ValueTask.CompletedTask);
        _turn.Dispose();
    }
}
