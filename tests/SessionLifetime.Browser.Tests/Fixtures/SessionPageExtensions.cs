using System.Text.Json;
using System.Text.RegularExpressions;

namespace SessionLifetime.Browser.Tests;

/// <summary>What the tests ask a page. The module is imported again from its address, which gives the one that is running.</summary>
internal static class SessionPageExtensions
{
    private const string Module = "(await import('/_session/session-lifetime.js')).start()";

    /// <summary>Waits for the session, and keeps the names of the events fired from here on.</summary>
    public static Task ReadyAsync(this IPage page) => page.EvaluateAsync(
        $$"""
        async () => {
          window.session = {{Module}};
          await Promise.race([session.ready, new Promise((_, fail) => AbortSignal.timeout(30_000).addEventListener('abort', () => fail(new Error('The page has got no session.'))))]);
          await new Promise(done => setTimeout(done));
          window.fired = [];
          for (const name of ['started', 'resumed', 'restarted', 'timeout', 'active', 'ended', 'unreachable', 'reachable'])
            window.addEventListener('sessionlifetime:' + name, () => fired.push(name));
        }
        """);

    public static Task<string[]> FiredAsync(this IPage page) => page.EvaluateAsync<string[]>("() => window.fired");

    public static Task<string> StateAsync(this IPage page) => page.EvaluateAsync<string>("() => session.state");

    public static Task CheckAsync(this IPage page) => page.EvaluateAsync("() => session.check()");

    /// <summary>The secret id, which a page of the same origin may see.</summary>
    public static Task<string> IdAsync(this IPage page) => page.EvaluateAsync<string>("() => session.headers()['X-Session-Id']");

    public static Task<string> PageIdAsync(this IPage page) => page.EvaluateAsync<string>("() => session.headers()['X-Session-Page']");

    public static async Task<JsonElement> FetchAsync(this IPage page, string url) =>
        (await page.EvaluateAsync("async url => (await fetch(url)).json()", url))!.Value;

    /// <summary>Waits for an address. (WaitForURLAsync misses a navigation that comes while it looks.)</summary>
    public static Task LeadsToAsync(this IPage page, string path) =>
        Assertions.Expect(page).ToHaveURLAsync(new Regex(Regex.Escape(path) + "$"));

    public static ILocator Part(this IPage page, string part) => page.Locator($"session-countdown [part={part}]");

    public static Task WaitForStateAsync(this IPage page, string state) =>
        page.WaitForFunctionAsync("state => window.session?.state === state", state);
}
