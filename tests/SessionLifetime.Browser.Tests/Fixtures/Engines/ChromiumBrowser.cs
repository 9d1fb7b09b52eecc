using System.Text.Json;

namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>Chromium by Playwright: a context of a browser that runs already.</summary>
internal sealed class ChromiumBrowser(IBrowserContext context) : IEngineBrowser
{
    private readonly Dictionary<IPage, Tab> _tabs = [];

    public static async Task<IEngineBrowser> OpenAsync(ChromiumFixture chromium) => new ChromiumBrowser(await chromium.NewContextAsync(new()));

    public async Task<IEngineTab> NewTabAsync() => Of(await context.NewPageAsync());

    public Task<IReadOnlyList<IEngineTab>> TabsAsync() => Task.FromResult<IReadOnlyList<IEngineTab>>([.. context.Pages.Select(Of)]);

    public async Task<IReadOnlyList<EngineCookie>> CookiesAsync(IEngineTab tab) => [.. (await context.CookiesAsync([((Tab)tab).Url])).Select(static cookie =>
        new EngineCookie(cookie.Name, cookie.Value, cookie.HttpOnly, $"{cookie.SameSite}".ToLowerInvariant(), cookie.Expires < 0))];

    public Task AddCookieAsync(IEngineTab tab, string name, string value) => context.AddCookiesAsync([new() { Name = name, Value = value, Url = ((Tab)tab).Url }]);

    public Task ClearCookiesAsync(IEngineTab tab) => context.ClearCookiesAsync();

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
        public string Url => page.Url;

        public Task GoToAsync(string url) => this.ReplaceAsync(() => page.GotoAsync(url, new() { WaitUntil = WaitUntilState.Commit }));

        public Task ReloadAsync() => page.ReloadAsync(new() { WaitUntil = WaitUntilState.Commit });

        // Not GoBackAsync(), which waits for a load that a page from the back-forward cache does not have.
        public Task BackAsync() => page.EvaluateAsync("() => { history.back(); }");

        public async Task<T> EvaluateAsync<T>(string body)
        {
            var text = await page.EvaluateAsync<string>($"async () => JSON.stringify(await (async () => {{ {body} }})() ?? null)");
            return JsonSerializer.Deserialize<T>(text)!;
        }

        public Task ClickAsync(string selector, bool withControl = false) =>
            Find(selector).ClickAsync(new() { Modifiers = withControl ? [KeyboardModifier.Control] : [] });

        public Task ClickAtAsync(int x, int y) => page.Mouse.ClickAsync(x, y);

        public Task MoveToAsync(int x, int y) => page.Mouse.MoveAsync(x, y);

        public async Task WheelAsync(int x, int y, int by)
        {
            await page.Mouse.MoveAsync(x, y);
            await page.Mouse.WheelAsync(0, by);
        }

        public Task TypeAsync(string selector, string text) => Find(selector).PressSequentiallyAsync(text);

        public Task PressAsync(string key) => page.Keyboard.PressAsync(key);

        public Task ResizeAsync(int width, int height) => page.SetViewportSizeAsync(width, height);

        public Task ShowAsync() => page.BringToFrontAsync();

        public Task CloseAsync() => page.CloseAsync();

        public async Task<bool> IsExposedAsync(string selector, string role, string name)
        {
            var session = await page.Context.NewCDPSessionAsync(page);
            return await DevToolsTree.IsExposedAsync(
                async (method, parameters) => (await session.SendAsync(method, parameters))!.Value, selector, role, name);
        }

        public Task<byte[]> ScreenshotAsync() => page.ScreenshotAsync();

        private ILocator Find(string selector) => page.Locator(selector.Replace(" >>> ", " ", StringComparison.Ordinal)).First;
    }
}
