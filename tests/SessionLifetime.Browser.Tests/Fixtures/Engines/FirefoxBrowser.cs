using System.Text.Json;
using System.Text.Json.Nodes;

namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>Firefox by WebDriver BiDi: a user context of a browser that runs already, which shares nothing with others.</summary>
internal sealed class FirefoxBrowser(FirefoxProcess firefox, Action<FirefoxProcess> giveBack, string userContext) : IEngineBrowser
{
    private readonly BidiConnection _connection = firefox.Connection;
    private readonly Dictionary<string, Tab> _tabs = [];

    public static async Task<IEngineBrowser> OpenAsync(FirefoxProcess firefox, Action<FirefoxProcess> giveBack)
    {
        var made = await firefox.Connection.SendAsync("browser.createUserContext", []);
        return new FirefoxBrowser(firefox, giveBack, made["userContext"]!.GetValue<string>());
    }

    public async Task<IEngineTab> NewTabAsync()
    {
        var made = await _connection.SendAsync("browsingContext.create", new JsonObject { ["type"] = "tab", ["userContext"] = userContext });
        return Of(made["context"]!.GetValue<string>());
    }

    public async Task<IReadOnlyList<IEngineTab>> TabsAsync()
    {
        var tree = await _connection.SendAsync("browsingContext.getTree", new JsonObject { ["maxDepth"] = 0 });
        return [.. tree["contexts"]!.AsArray()
            .Where(context => context!["userContext"]!.GetValue<string>() == userContext)
            .Select(context => Of(context!["context"]!.GetValue<string>()))];
    }

    public async Task<IReadOnlyList<EngineCookie>> CookiesAsync(IEngineTab tab)
    {
        var found = await _connection.SendAsync("storage.getCookies", new JsonObject { ["partition"] = Partition(tab) });
        return [.. found["cookies"]!.AsArray().Select(static cookie => new EngineCookie(
            cookie!["name"]!.GetValue<string>(),
            cookie["value"]!["value"]!.GetValue<string>(),
            cookie["httpOnly"]!.GetValue<bool>(),
            cookie["sameSite"]!.GetValue<string>(),
            cookie["expiry"] is null))];
    }

    public async Task AddCookieAsync(IEngineTab tab, string name, string value) => await _connection.SendAsync("storage.setCookie", new JsonObject
    {
        ["cookie"] = new JsonObject
        {
            ["name"] = name,
            ["value"] = new JsonObject { ["type"] = "string", ["value"] = value },
            ["domain"] = await tab.EvaluateAsync<string>("return location.hostname;"),
            ["path"] = "/",
        },
        ["partition"] = Partition(tab),
    });

    public Task ClearCookiesAsync(IEngineTab tab) => _connection.SendAsync("storage.deleteCookies", new JsonObject { ["partition"] = Partition(tab) });

    public async ValueTask DisposeAsync()
    {
        await _connection.SendAsync("browser.removeUserContext", new JsonObject { ["userContext"] = userContext });
        giveBack(firefox);
    }

    private static JsonObject Partition(IEngineTab tab) => new() { ["type"] = "context", ["context"] = ((Tab)tab).Context };

    private Tab Of(string context)
    {
        if (!_tabs.TryGetValue(context, out var tab))
        {
            _tabs[context] = tab = new Tab(_connection, context);
        }

        return tab;
    }

    private sealed class Tab(BidiConnection connection, string context) : IEngineTab
    {
        public string Context => context;

        public Task GoToAsync(string url) => this.ReplaceAsync(() => DoAsync("browsingContext.navigate", new() { ["url"] = url, ["wait"] = "none" }));

        public Task ReloadAsync() => DoAsync("browsingContext.reload", new() { ["wait"] = "none" });

        public Task BackAsync() => DoAsync("browsingContext.traverseHistory", new() { ["delta"] = -1 });

        public async Task<T> EvaluateAsync<T>(string body)
        {
            var result = await EvaluateAsync($"(async () => JSON.stringify(await (async () => {{ {body} }})() ?? null))()");
            return JsonSerializer.Deserialize<T>(result["value"]!.GetValue<string>())!;
        }

        public async Task ClickAsync(string selector, bool withControl = false)
        {
            await this.WaitForAsync(Deep.Find(selector));
            await WithElementAsync(selector, async id =>
            {
                var origin = new JsonObject { ["type"] = "element", ["element"] = new JsonObject { ["sharedId"] = id } };
                await (withControl ? KeysAsync([Down(Keys.Control)]) : Task.CompletedTask);
                await PointerAsync([Move(0, 0, origin), .. Button()]);
                await (withControl ? KeysAsync([Up(Keys.Control)]) : Task.CompletedTask);
            });
        }

        public Task ClickAtAsync(int x, int y) => PointerAsync([Move(x, y, "viewport"), .. Button()]);

        public Task MoveToAsync(int x, int y) => PointerAsync([Move(x, y, "viewport")]);

        public Task WheelAsync(int x, int y, int by) =>
            ActAsync("wheel", [new JsonObject { ["type"] = "scroll", ["x"] = x, ["y"] = y, ["deltaX"] = 0, ["deltaY"] = by }]);

        public async Task TypeAsync(string selector, string text)
        {
            await ClickAsync(selector, withControl: false);
            foreach (var character in text)
            {
                await PressAsync(character.ToString());
            }
        }

        public Task PressAsync(string key)
        {
            var keys = Keys.Of(key);
            return KeysAsync([.. keys.Select(Down), .. keys.Reverse().Select(Up)]);
        }

        public Task ResizeAsync(int width, int height) =>
            DoAsync("browsingContext.setViewport", new() { ["viewport"] = new JsonObject { ["width"] = width, ["height"] = height } });

        public Task ShowAsync() => DoAsync("browsingContext.activate", []);

        public Task CloseAsync() => DoAsync("browsingContext.close", []);

        public async Task<bool> IsExposedAsync(string selector, string role, string name)
        {
            var element = await EvaluateAsync(Deep.Find(selector));
            var root = await EvaluateAsync($"({Deep.Find(selector)}).getRootNode()");
            var found = await DoAsync("browsingContext.locateNodes", new()
            {
                ["locator"] = new JsonObject { ["type"] = "accessibility", ["value"] = new JsonObject { ["role"] = role, ["name"] = name } },
                ["startNodes"] = new JsonArray(new JsonObject { ["sharedId"] = root["sharedId"]!.GetValue<string>() }),
            });
            return found["nodes"]!.AsArray().Any(node => node!["sharedId"]!.GetValue<string>() == element["sharedId"]!.GetValue<string>());
        }

        public async Task<byte[]> ScreenshotAsync() =>
            Convert.FromBase64String((await connection.SendAsync("browsingContext.captureScreenshot", new() { ["context"] = context }))["data"]!.GetValue<string>());

        private static JsonObject Down(string key) => new() { ["type"] = "keyDown", ["value"] = key };

        private static JsonObject Up(string key) => new() { ["type"] = "keyUp", ["value"] = key };

        private static JsonObject Move(int x, int y, JsonNode origin) => new() { ["type"] = "pointerMove", ["x"] = x, ["y"] = y, ["origin"] = origin };

        private static JsonObject[] Button() => [new() { ["type"] = "pointerDown", ["button"] = 0 }, new() { ["type"] = "pointerUp", ["button"] = 0 }];

        private async Task WithElementAsync(string selector, Func<string, Task> act)
        {
            var found = await EvaluateAsync($"(() => {{ const found = {Deep.Find(selector)}; found?.scrollIntoView({{ block: 'nearest' }}); return found; }})()");
            await act(found["sharedId"]?.GetValue<string>() ?? throw new InvalidOperationException($"There is no {selector}."));
        }

        private Task<JsonNode> PointerAsync(JsonNode[] actions) => ActAsync("pointer", actions);

        private Task<JsonNode> KeysAsync(JsonNode[] actions) => ActAsync("key", actions);

        private Task<JsonNode> ActAsync(string kind, JsonNode[] actions) => DoAsync("input.performActions", new()
        {
            ["actions"] = new JsonArray(new JsonObject { ["type"] = kind, ["id"] = kind, ["actions"] = new JsonArray(actions) }),
        });

        private async Task<JsonNode> EvaluateAsync(string expression)
        {
            var answer = await connection.SendAsync("script.evaluate", new()
            {
                ["expression"] = expression,
                ["target"] = new JsonObject { ["context"] = context },
                ["awaitPromise"] = true,
                ["userActivation"] = false,
            });
            return answer["type"]!.GetValue<string>() == "success" ? answer["result"]! : throw new InvalidOperationException(answer.ToJsonString());
        }

        private Task<JsonNode> DoAsync(string method, JsonObject parameters)
        {
            parameters["context"] = context;
            return connection.SendAsync(method, parameters);
        }
    }
}
