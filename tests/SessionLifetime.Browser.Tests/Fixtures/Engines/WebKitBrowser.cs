using System.Text.Json;
using OpenQA.Selenium;
using OpenQA.Selenium.Interactions;
using OpenQA.Selenium.Remote;

namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>WebKitGTK by classic WebDriver: a process of its own for each test, under a display that nobody sees.</summary>
internal sealed class WebKitBrowser : IEngineBrowser
{
    private readonly WebKitDriver _webKit;
    private readonly Action<WebKitDriver> _giveBack;
    private readonly RemoteWebDriver _driver;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly List<Tab> _tabs = [];
    private bool _hasOpened;
    private string? _current;

    private WebKitBrowser(WebKitDriver webKit, Action<WebKitDriver> giveBack, RemoteWebDriver driver) => (_webKit, _giveBack, _driver) = (webKit, giveBack, driver);

    public static async Task<IEngineBrowser> OpenAsync(WebKitDriver webKit, Action<WebKitDriver> giveBack) => new WebKitBrowser(webKit, giveBack, await Task.Run(() =>
    {
        var driver = new RemoteWebDriver(webKit.Address, new WebKitOptions().ToCapabilities(), TimeSpan.FromSeconds(60));
        driver.Manage().Timeouts().AsynchronousJavaScript = TimeSpan.FromSeconds(30);
        return driver;
    }));

    public async Task<IEngineTab> NewTabAsync()
    {
        var handle = await InTurnAsync(() =>
        {
            if (_hasOpened)
            {
                if (_current is null)
                {
                    _driver.SwitchTo().Window(_driver.WindowHandles[0]);
                }

                _driver.SwitchTo().NewWindow(WindowType.Tab);
            }

            _hasOpened = true;
            return _current = _driver.CurrentWindowHandle;
        });
        return Of(handle);
    }

    public async Task<IReadOnlyList<IEngineTab>> TabsAsync() => [.. (await InTurnAsync(() => _driver.WindowHandles.ToList())).Select(Of)];

    public Task<IReadOnlyList<EngineCookie>> CookiesAsync(IEngineTab tab) => ((Tab)tab).GetAsync<IReadOnlyList<EngineCookie>>(static driver => [.. driver.Manage().Cookies.AllCookies.Select(static cookie =>
        new EngineCookie(cookie.Name, cookie.Value, cookie.IsHttpOnly, cookie.SameSite?.ToLowerInvariant() ?? "", cookie.Expiry is null))]);

    public Task AddCookieAsync(IEngineTab tab, string name, string value) => ((Tab)tab).DoAsync(driver => driver.Manage().Cookies.AddCookie(new OpenQA.Selenium.Cookie(name, value, "/")));

    public Task ClearCookiesAsync(IEngineTab tab) => ((Tab)tab).DoAsync(static driver => driver.Manage().Cookies.DeleteAllCookies());

    public async ValueTask DisposeAsync()
    {
        await Task.Run(_driver.Quit);
        _driver.Dispose();
        _turn.Dispose();
        _giveBack(_webKit);
    }

    private Tab Of(string handle)
    {
        if (_tabs.Find(tab => string.Equals(tab.Handle, handle, StringComparison.Ordinal)) is not { } tab)
        {
            _tabs.Add(tab = new Tab(this, handle));
        }

        return tab;
    }

    /// <summary>The protocol has one current window: one command at a time.</summary>
    private async Task<T> InTurnAsync<T>(Func<T> act)
    {
        await _turn.WaitAsync();
        try
        {
            return await Task.Run(act);
        }
        finally
        {
            _turn.Release();
        }
    }

    private sealed class WebKitOptions : DriverOptions
    {
        public override ICapabilities ToCapabilities()
        {
            BrowserName = "MiniBrowser";
            PageLoadStrategy = PageLoadStrategy.None;
            var capabilities = GenerateDesiredCapabilities(isSpecificationCompliant: true);
            capabilities.SetCapability("webkitgtk:browserOptions", new Dictionary<string, object>
            {
                ["binary"] = WebKitDriver.BrowserPath,
                ["args"] = new[] { "--automation" },
            });
            return capabilities.AsReadOnly();
        }

        public override void AddAdditionalOption(string optionName, object optionValue) => AddAdditionalOption(optionName, optionValue);
    }

    private sealed class Tab(WebKitBrowser browser, string handle) : IEngineTab
    {
        public string Handle => handle;

        public Task GoToAsync(string url) => this.ReplaceAsync(() => DoAsync(driver => driver.Navigate().GoToUrl(url)));

        public Task ReloadAsync() => DoAsync(static driver => driver.Navigate().Refresh());

        public Task BackAsync() => DoAsync(static driver => driver.Navigate().Back());

        public async Task<T> EvaluateAsync<T>(string body)
        {
            var text = await GetAsync(driver => (string)driver.ExecuteAsyncScript(
                $$"""
                const done = arguments[arguments.length - 1];
                (async () => { {{body}} })().then(value => done(JSON.stringify(value ?? null)), error => done('!' + error));
                """)!);
            return text.StartsWith('!') ? throw new InvalidOperationException(text) : JsonSerializer.Deserialize<T>(text)!;
        }

        public async Task ClickAsync(string selector, bool withControl = false)
        {
            await this.WaitForAsync(Deep.Find(selector));
            await DoAsync(driver =>
            {
                var element = Find(driver, selector);
                if (withControl)
                {
                    new Actions(driver).KeyDown(Keys.Control).Click(element).KeyUp(Keys.Control).Perform();
                }
                else
                {
                    element.Click();
                }
            });
        }

        public Task ClickAtAsync(int x, int y) => DoAsync(driver => new Actions(driver).MoveToLocation(x, y).Click().Perform());

        public Task MoveToAsync(int x, int y) => DoAsync(driver => new Actions(driver).MoveToLocation(x, y).Perform());

        public Task WheelAsync(int x, int y, int by) =>
            DoAsync(driver => new Actions(driver).ScrollFromOrigin(new WheelInputDevice.ScrollOrigin { Viewport = true, XOffset = x, YOffset = y }, 0, by).Perform());

        public async Task TypeAsync(string selector, string text)
        {
            await this.WaitForAsync(Deep.Find(selector));
            await DoAsync(driver => Find(driver, selector).SendKeys(text));
        }

        public Task PressAsync(string key) => DoAsync(driver =>
        {
            var (keys, actions) = (Keys.Of(key), new Actions(driver));
            foreach (var one in keys.SkipLast(1))
            {
                actions.KeyDown(one);
            }

            actions.SendKeys(keys[^1]);
            foreach (var one in keys.SkipLast(1).Reverse())
            {
                actions.KeyUp(one);
            }

            actions.Perform();
        });

        /// <summary>The window is as much larger than the page as its own parts are.</summary>
        public async Task ResizeAsync(int width, int height)
        {
            var inner = await EvaluateAsync<int[]>("return [innerWidth, innerHeight];");
            await DoAsync(driver =>
            {
                var outer = driver.Manage().Window.Size;
                driver.Manage().Window.Size = new(outer.Width - inner[0] + width, outer.Height - inner[1] + height);
            });
        }

        public Task ShowAsync() => DoAsync(static _ => { });

        public Task CloseAsync() => DoAsync(driver =>
        {
            driver.Close();
            browser._current = null;
        });

        public Task<bool> IsExposedAsync(string selector, string role, string name) => GetAsync(driver =>
        {
            var element = (WebElement)Find(driver, selector);
            return element.ComputedAccessibleRole == role && element.ComputedAccessibleLabel == name;
        });

        public Task<byte[]> ScreenshotAsync() => GetAsync(static driver => driver.GetScreenshot().AsByteArray);

        public Task<bool> DoAsync(Action<RemoteWebDriver> act) => GetAsync(driver =>
        {
            act(driver);
            return true;
        });

        public Task<T> GetAsync<T>(Func<RemoteWebDriver, T> get) => browser.InTurnAsync(() =>
        {
            if (browser._current != handle)
            {
                browser._driver.SwitchTo().Window(handle);
                browser._current = handle;
            }

            return get(browser._driver);
        });

        private static IWebElement Find(RemoteWebDriver driver, string selector) =>
            driver.ExecuteScript($"return {Deep.Find(selector)};") as IWebElement ?? throw new InvalidOperationException($"There is no {selector}.");
    }
}
