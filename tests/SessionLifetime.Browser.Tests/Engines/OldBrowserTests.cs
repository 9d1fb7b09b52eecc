using System.Text.Json;
using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>Browsers that lack something: played by this one, from which it is taken away before the module starts.</summary>
public sealed class OldBrowserTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    private static readonly string[] s_needed =
    [
        "URL.parse", "Promise.withResolvers", "AbortSignal.any", "AbortSignal.timeout", "Object.hasOwn", "BroadcastChannel", "reportError",
        "CSSStyleSheet.prototype.replaceSync", "HTMLDialogElement.prototype.showModal", "HTMLElement.prototype.showPopover", "Element.prototype.animate", "light-dark()",
    ];

    private static readonly string[] s_optional =
    [
        "Navigator.prototype.locks", "navigation", "fetchLater", "Request.prototype.keepalive", "Crypto.prototype.randomUUID", "structuredClone", "requestIdleCallback",
    ];

    [Theory]
    [EngineCase]
    public async Task Where_the_module_cannot_work_it_says_what_is_missing_and_touches_nothing(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var tab = await (await BrowserAsync(engine)).NewTabAsync();
        foreach (var name in s_needed)
        {
            server.First = $$"""
                window.calls = () => [fetch, XMLHttpRequest.prototype.open, XMLHttpRequest.prototype.send, Navigator.prototype.sendBeacon];
                window.natives = calls();
                window.said = [];
                addEventListener('sessionlifetime:unsupported', ({ detail }) => said.push(...detail.missing));
                {{Remove(name)}}
                """;
            await tab.GoToAsync(server.Url);
            await tab.WaitForAsync("window.said?.length");
            Assert.Equal([name], await tab.EvaluateAsync<string[]>("return said;"));
            Assert.True(
                await tab.EvaluateAsync<bool>(
                    """
                    const session = window[Symbol.for('session-lifetime')];
                    return calls().every((now, i) => now === natives[i]) && session.state === 'unsupported' && await session.ready === null
                      && await session.stay() === false && (await (await session.fetch('/api')).json()).session === null && Object.keys(session.headers()).length === 0;
                    """),
                name);
        }

        Assert.Empty(server.Calls("attach"));
    }

    [Theory]
    [EngineCase]
    public async Task Without_what_it_can_do_without_it_works(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        foreach (var name in s_optional)
        {
            server.First = Remove(name);
            var tab = await OpenAsync(engine, server);
            var id = await tab.IdAsync();
            Assert.True(await tab.FetchedSessionAsync() is not null, name);
            await tab.ReloadedAsync();
            Assert.Equal(id, await tab.IdAsync());
        }

        Assert.Equal(s_optional.Length, server.Sessions.Count);
    }

    private static string Remove(string name)
    {
        var (owner, last) = name.LastIndexOf('.') is var dot and > 0 ? (name[..dot], name[(dot + 1)..]) : ("window", name);
        return name == "light-dark()"
            ? "CSS.supports = () => false;"
            : $"const [owner, name] = [{owner}, {JsonSerializer.Serialize(last)}]; if (!delete owner[name]) owner[name] = undefined;";
    }
}
