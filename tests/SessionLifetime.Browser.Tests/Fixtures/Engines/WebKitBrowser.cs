using System.Text.Json;
using OpenQA.Selenium;
using OpenQA.Selenium.Remote;

namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>WebKitGTK by classic WebDriver: a process of its own for each test, under a display that nobody sees.</summary>
internal sealed class WebKitBrowser : IEngineBrowser
{
    private readonly RemoteWebDriver _driver;
    private readonly SemaphoreSlim _turn = new(1);
    private readonly List<Tab> _tabs = [];
    private bool _hasOpened;

    private WebKitBrowser(RemoteWebDriver driver) => _driver = driver;

    public static async Task<IEngineBrowser> OpenAsync(WebKitDriver webKit) => new WebKitBrowser(await Task.Run(() =>
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
                _driver.SwitchTo().NewWindow(WindowType.Tab);
            }

            _hasOpened = true;
            return _driver.CurrentWindowHandle;
        });
        return Of(handle);
    }

    public async Task<IReadOnlyList<IEngineTab>> TabsAsync() => [.. (await InTurnAsync(() => _driver.WindowHandles.ToList())).Select(Of)];

    public async ValueTask DisposeAsync()
    {
        await Task.Run(_driver.Quit);
        _driver.Dispose();
        _turn.Dispose();
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

        public Task GoToAsync(string url) => DoAsync(driver => driver.Navigate().GoToUrl(url));

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

        public Task ClickAsync(string selector) => DoAsync(driver => Find(driver, selector).Click());

        public Task TypeAsync(string selector, string text) => DoAsync(driver => Find(driver, selector).SendKeys(text));

        public Task PressAsync(string key) => DoAsync(driver => new OpenQA.Selenium.Interactions.Actions(driver).SendKeys(key switch
        {
            "Tab" => Keys.Tab,
            "Enter" => Keys.Enter,
            "Escape" => Keys.Escape,
            _ => key,
        }).Perform());

        public Task CloseAsync() => DoAsync(static driver => driver.Close());

        public Task<byte[]> ScreenshotAsync() => GetAsync(static driver => driver.GetScreenshot().AsByteArray);

        private static IWebElement Find(RemoteWebDriver driver, string selector) =>
            driver.ExecuteScript($"return {Deep.Find(selector)};") as IWebElement ?? throw new InvalidOperationException($"There is no {selector}.");

        private Task<bool> DoAsync(Action<RemoteWebDriver> act) => GetAsync(driver =>
        {
            act(driver);
            return true;
        });

        private Task<T> GetAsync<T>(Func<RemoteWebDriver, T> get) => browser.InTurnAsync(() =>
        {
            browser._driver.SwitchTo().Window(handle);
            return get(browser._driver);
        });
    }
}
