using System.Text.Json;

namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>Chromium by Playwright: a context of a browser that runs already.</summary>
internal sealed class ChromiumBrowser(IBrowserContext context) : IEngineBrowser
{
    private readonly Dictionary<IPage, Tab> _tabs = [];

    public static async Task<IEngineBrowser> OpenAsync(ChromiumFixture chromium) => new ChromiumBrowser(await chromium.NewContextAsync(new()));

    public async Task<IEngineTab> NewTabAsync() => Of(await context.NewPageAsync());

    public Task<IReadOnlyList<IEngineTab>> TabsAsync() => Task.FromResult<IReadOnlyList<IEngineTab>>([.. context.Pages.Select(Of)]);

    public ValueTask DisposeAsync() => context.DisposeAsync();

    private Tab Of(IPage page)
    {
        if (!_tabs.TryGetValue(page, out var tab))
        {
            _tabs[page] = tab = new Tab(page);
        }

        return tab;
    }

    private sealed class Tab(IPage page) : IEngineTab
    {
        public Task GoToAsync(string url) => page.GotoAsync(url, new() { WaitUntil = WaitUntilState.Commit });

        public Task ReloadAsync() => page.ReloadAsync(new() { WaitUntil = WaitUntilState.Commit });

        // Not GoBackAsync(), which waits for a load that a page from the back-forward cache does not have.
        public Task BackAsync() => page.EvaluateAsync("() => { history.back(); }");

        public async Task<T> EvaluateAsync<T>(string body)
        {
            var text = await page.EvaluateAsync<string>($"async () => JSON.stringify(await (async () => {{ {body} }})() ?? null)");
            return JsonSerializer.Deserialize<T>(text)!;
        }

        public Task ClickAsync(string selector) => page.Locator(selector.Replace(" >>> ", " ", StringComparison.Ordinal)).ClickAsync();

        public Task TypeAsync(string selector, string text) => page.Locator(selector).PressSequentiallyAsync(text);

        public Task PressAsync(string key) => page.Keyboard.PressAsync(key);

        public Task CloseAsync() => page.CloseAsync();

        public Task<byte[]> ScreenshotAsync() => page.ScreenshotAsync();
    }
}
