using System.Text.Json;
using System.Text.Json.Nodes;

namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>Firefox by WebDriver BiDi: a user context of a browser that runs already, which shares nothing with others.</summary>
internal sealed class FirefoxBrowser(BidiConnection connection, string userContext) : IEngineBrowser
{
    private readonly Dictionary<string, Tab> _tabs = [];

    public static async Task<IEngineBrowser> OpenAsync(FirefoxProcess firefox)
    {
        var made = await firefox.Connection.SendAsync("browser.createUserContext", []);
        return new FirefoxBrowser(firefox.Connection, made["userContext"]!.GetValue<string>());
    }

    public async Task<IEngineTab> NewTabAsync()
    {
        var made = await connection.SendAsync("browsingContext.create", new JsonObject { ["type"] = "tab", ["userContext"] = userContext });
        return Of(made["context"]!.GetValue<string>());
    }

    public async Task<IReadOnlyList<IEngineTab>> TabsAsync()
    {
        var tree = await connection.SendAsync("browsingContext.getTree", new JsonObject { ["maxDepth"] = 0 });
        return [.. tree["contexts"]!.AsArray()
            .Where(context => context!["userContext"]!.GetValue<string>() == userContext)
            .Select(context => Of(context!["context"]!.GetValue<string>()))];
    }

    public async ValueTask DisposeAsync() =>
        await connection.SendAsync("browser.removeUserContext", new JsonObject { ["userContext"] = userContext });

    private Tab Of(string context)
    {
        if (!_tabs.TryGetValue(context, out var tab))
        {
            _tabs[context] = tab = new Tab(connection, context);
        }

        return tab;
    }

    private sealed class Tab(BidiConnection connection, string context) : IEngineTab
    {
        public Task GoToAsync(string url) => DoAsync("browsingContext.navigate", new() { ["url"] = url, ["wait"] = "none" });

        public Task ReloadAsync() => DoAsync("browsingContext.reload", new() { ["wait"] = "none" });

        public Task BackAsync() => DoAsync("browsingContext.traverseHistory", new() { ["delta"] = -1 });

        public async Task<T> EvaluateAsync<T>(string body)
        {
            var result = await EvaluateAsync($"(async () => JSON.stringify(await (async () => {{ {body} }})() ?? null))()");
            return JsonSerializer.Deserialize<T>(result["value"]!.GetValue<string>())!;
        }

        public async Task ClickAsync(string selector)
        {
            await WithElementAsync(selector, static id => new JsonArray(
                new JsonObject { ["type"] = "pointerMove", ["x"] = 0, ["y"] = 0, ["origin"] = new JsonObject { ["type"] = "element", ["element"] = new JsonObject { ["sharedId"] = id } } },
                new JsonObject { ["type"] = "pointerDown", ["button"] = 0 },
                new JsonObject { ["type"] = "pointerUp", ["button"] = 0 }));
        }

        public async Task TypeAsync(string selector, string text)
        {
            await ClickAsync(selector);
            foreach (var character in text)
            {
                await PressAsync(character.ToString());
            }
        }

        public Task PressAsync(string key)
        {
            // WebDriver, section 17.4.2: keys that are no characters.
            var value = key switch
            {
                "Tab" => "\uE004",
                "Enter" => "\uE007",
                "Escape" => "\uE00C",
                _ => key,
            };
            return ActAsync("key", new JsonArray(new JsonObject { ["type"] = "keyDown", ["value"] = value }, new JsonObject { ["type"] = "keyUp", ["value"] = value }));
        }

        public Task CloseAsync() => DoAsync("browsingContext.close", []);

        public async Task<byte[]> ScreenshotAsync() =>
            Convert.FromBase64String((await connection.SendAsync("browsingContext.captureScreenshot", new() { ["context"] = context }))["data"]!.GetValue<string>());

        private async Task WithElementAsync(string selector, Func<string, JsonArray> actions)
        {
            var found = await EvaluateAsync($"(() => {{ const found = {Deep.Find(selector)}; found?.scrollIntoView({{ block: 'nearest' }}); return found; }})()");
            var id = found["sharedId"]?.GetValue<string>() ?? throw new InvalidOperationException($"There is no {selector}.");
            await ActAsync("pointer", actions(id));
        }

        private Task<JsonNode> ActAsync(string kind, JsonArray actions) => DoAsync("input.performActions", new()
        {
            ["actions"] = new JsonArray(new JsonObject { ["type"] = kind, ["id"] = kind, ["actions"] = actions }),
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
