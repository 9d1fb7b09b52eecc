using System.Text.Json;

namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>Chromium by the bare DevTools protocol: a process of its own, whose tabs hide each other and whose pages are kept when they are left.</summary>
internal sealed class BareChromiumBrowser(BareChromium chromium) : IEngineBrowser
{
    private readonly List<Tab> _tabs = [];

    public static async Task<IEngineBrowser> OpenAsync() => new BareChromiumBrowser(await BareChromium.StartAsync());

    public async Task<IEngineTab> NewTabAsync()
    {
        _tabs.Add(new Tab(chromium, await chromium.OpenAsync("about:blank")));
        return _tabs[^1];
    }

    public async Task<IReadOnlyList<IEngineTab>> TabsAsync()
    {
        var open = await chromium.TabsAsync([.. _tabs.Select(static tab => tab.Bare)]);
        _tabs.RemoveAll(tab => !open.Contains(tab.Bare));
        _tabs.AddRange(open.Where(bare => !_tabs.Exists(tab => tab.Bare == bare)).Select(bare => new Tab(chromium, bare)));
        return [.. _tabs];
    }

    public async Task<IReadOnlyList<EngineCookie>> CookiesAsync(IEngineTab tab)
    {
        var found = await ((Tab)tab).Bare.SendAsync("Network.getCookies");
        return [.. found!["cookies"]!.AsArray().Select(static cookie => new EngineCookie(
            cookie!["name"]!.GetValue<string>(),
            cookie["value"]!.GetValue<string>(),
            cookie["httpOnly"]!.GetValue<bool>(),
            cookie["sameSite"]?.GetValue<string>().ToLowerInvariant() ?? "",
            cookie["session"]!.GetValue<bool>()))];
    }

    public async Task AddCookieAsync(IEngineTab tab, string name, string value) =>
        await ((Tab)tab).Bare.SendAsync("Network.setCookie", new { name, value, url = await tab.EvaluateAsync<string>("return location.href;") });

    public Task ClearCookiesAsync(IEngineTab tab) => ((Tab)tab).Bare.SendAsync("Network.clearBrowserCookies");

    public ValueTask DisposeAsync() => chromium.DisposeAsync();

    private sealed class Tab(BareChromium chromium, BareTab bare) : IEngineTab
    {
        public BareTab Bare => bare;

        public Task GoToAsync(string url) => this.ReplaceAsync(() => bare.SendAsync("Page.navigate", new { url }));

        public Task ReloadAsync() => bare.SendAsync("Page.reload");

        public Task BackAsync() => bare.EvaluateAsync("void history.back()");

        public async Task<T> EvaluateAsync<T>(string body)
        {
            var text = await bare.EvaluateAsync($"(async () => JSON.stringify(await (async () => {{ {body} }})() ?? null))()");
            return JsonSerializer.Deserialize<T>(text!.GetValue<string>())!;
        }

        public async Task ClickAsync(string selector, bool withControl = false)
        {
            await this.WaitForAsync(Deep.Find(selector));
            var at = await EvaluateAsync<int[]>(
                $"const found = {Deep.Find(selector)}; found.scrollIntoView({{ block: 'nearest' }}); const {{ x, y, width, height }} = found.getBoundingClientRect(); return [Math.round(x + width / 2), Math.round(y + height / 2)];");
            await PressButtonAsync(at[0], at[1], withControl ? 2 : 0);
        }

        public Task ClickAtAsync(int x, int y) => PressButtonAsync(x, y, 0);

        public Task MoveToAsync(int x, int y) => MouseAsync(new { type = "mouseMoved", x, y });

        public Task WheelAsync(int x, int y, int by) => MouseAsync(new { type = "mouseWheel", x, y, deltaX = 0, deltaY = by });

        public async Task TypeAsync(string selector, string text)
        {
            await ClickAsync(selector, withControl: false);
            foreach (var character in text)
            {
                await PressAsync(character.ToString());
            }
        }

        public async Task PressAsync(string key)
        {
            var last = key.Split('+')[^1];
            var modifiers = key.StartsWith("Shift+", StringComparison.Ordinal) ? 8 : 0;
            var code = last switch { "Tab" => 9, "Enter" => 13, "Escape" => 27, "PageDown" => 34, "ArrowDown" => 40, _ => char.ToUpperInvariant(last[0]) };
            var text = last.Length == 1 ? last : last == "Enter" ? "\r" : null;
            await bare.SendAsync("Input.dispatchKeyEvent", new { type = text is null ? "rawKeyDown" : "keyDown", key = last, windowsVirtualKeyCode = code, modifiers, text });
            await bare.SendAsync("Input.dispatchKeyEvent", new { type = "keyUp", key = last, windowsVirtualKeyCode = code, modifiers });
        }

        public Task ResizeAsync(int width, int height) =>
            bare.SendAsync("Emulation.setDeviceMetricsOverride", new { width, height, deviceScaleFactor = 1, mobile = false });

        public Task ShowAsync() => chromium.ActivateAsync(bare);

        public Task CloseAsync() => chromium.CloseAsync(bare);

        public Task<bool> IsExposedAsync(string selector, string role, string name) =>
            DevToolsTree.IsExposedAsync(async (method, parameters) => JsonSerializer.SerializeToElement(await bare.SendAsync(method, parameters)), selector, role, name);

        public async Task<byte[]> ScreenshotAsync() => Convert.FromBase64String((await bare.SendAsync("Page.captureScreenshot"))!["data"]!.GetValue<string>());

        private async Task PressButtonAsync(int x, int y, int modifiers)
        {
            await MoveToAsync(x, y);
            await MouseAsync(new { type = "mousePressed", x, y, button = "left", clickCount = 1, modifiers });
            await MouseAsync(new { type = "mouseReleased", x, y, button = "left", clickCount = 1, modifiers });
        }

        private Task<System.Text.Json.Nodes.JsonNode?> MouseAsync(object action) => bare.SendAsync("Input.dispatchMouseEvent", action);
    }
}
