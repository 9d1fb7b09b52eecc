using System.Text.Json;

namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>What the cases ask a tab.</summary>
internal static class EngineTabExtensions
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    /// <summary>Waits until an expression is true; a page that is being replaced is asked again.</summary>
    public static async Task WaitForAsync(this IEngineTab tab, string expression)
    {
        var until = DateTime.UtcNow + s_patience;
        Exception? last = null;

        // Each look costs the driver and the page some milliseconds: less often after a while.
        for (var pause = 20; DateTime.UtcNow < until; pause = Math.Min(pause * 3 / 2, 150))
        {
            try
            {
                if (await tab.EvaluateAsync<bool>($"return !!({expression});"))
                {
                    return;
                }

                last = null;
            }
            catch (Exception exception) when (exception is not Xunit.Sdk.IAssertionException)
            {
                // The document went away while it was asked.
                last = exception;
            }

            await Task.Delay(pause);
        }

        throw new TimeoutException($"It did not become true: {expression}", last);
    }

    /// <summary>Runs a script that gives nothing.</summary>
    public static Task RunAsync(this IEngineTab tab, string body) => tab.EvaluateAsync<object?>(body);

    /// <summary>Calls a function and gives what it, or its promise, results in.</summary>
    public static Task<T> CallAsync<T>(this IEngineTab tab, string function, object? argument = null) =>
        tab.EvaluateAsync<T>($"return await ({function})({JsonSerializer.Serialize(argument)});");

    /// <summary>Calls a function whose result nobody needs.</summary>
    public static Task CallAsync(this IEngineTab tab, string function, object? argument = null) =>
        tab.RunAsync($"await ({function})({JsonSerializer.Serialize(argument)});");

    /// <summary>Waits until a function gives what is true.</summary>
    public static Task WaitForCallAsync(this IEngineTab tab, string function, object? argument = null) =>
        tab.WaitForAsync($"await ({function})({JsonSerializer.Serialize(argument)})");

    /// <summary>Acts on a page, and waits until another has taken its place and is parsed.</summary>
    public static async Task ReplaceAsync(this IEngineTab tab, Func<Task> act)
    {
        // One that comes back from the back-forward cache has a mark, but not this one.
        var mark = Guid.NewGuid();
        await tab.RunAsync($"window.mark = '{mark}';");
        await act();
        await tab.WaitForAsync($"window.mark !== '{mark}' && document.readyState !== 'loading'");
    }

    /// <summary>Acts on a page, and waits until another has taken its place and has its session.</summary>
    public static async Task LeaveAsync(this IEngineTab tab, Func<Task> act)
    {
        await tab.ReplaceAsync(act);
        await tab.ReadyAsync();
    }

    /// <summary>Closes a tab, or leads it elsewhere where the driver's closing loses what its page sends in pagehide (a fifth of the tries in Firefox).</summary>
    public static Task GoneAsync(this IEngineTab tab, EngineKind engine) => engine == EngineKind.Firefox ? tab.GoToAsync("about:blank") : tab.CloseAsync();

    /// <summary>Waits for the tab that an act opens.</summary>
    public static async Task<IEngineTab> OpenedAsync(this IEngineBrowser browser, Func<Task> act)
    {
        var before = await browser.TabsAsync();
        await act();
        for (var until = DateTime.UtcNow + s_patience; DateTime.UtcNow < until; await Task.Delay(50))
        {
            if ((await browser.TabsAsync()).Except(before).FirstOrDefault() is { } opened)
            {
                return opened;
            }
        }

        throw new TimeoutException("No tab was opened.");
    }

    /// <summary>Loads the page anew, and waits until it has its session.</summary>
    public static Task ReloadedAsync(this IEngineTab tab) => tab.LeaveAsync(tab.ReloadAsync);

    /// <summary>How many elements a selector finds.</summary>
    public static Task<int> CountAsync(this IEngineTab tab, string selector) =>
        tab.EvaluateAsync<int>($"return document.querySelectorAll({JsonSerializer.Serialize(selector)}).length;");

    public static Task<string?> TextAsync(this IEngineTab tab, string selector) => tab.EvaluateAsync<string?>($"return ({Deep.Find(selector)})?.textContent ?? null;");

    /// <summary>Waits until the page has its session, and gives the public id.</summary>
    public static async Task<string> SessionAsync(this IEngineTab tab)
    {
        while (true)
        {
            await tab.WaitForAsync("window[Symbol.for('session-lifetime')]?.status");

            // A page that is loaded anew meanwhile has none yet.
            if (await tab.EvaluateAsync<string?>("return window[Symbol.for('session-lifetime')]?.status?.session ?? null;") is { } session)
            {
                return session;
            }
        }
    }

    /// <summary>Waits for the session, which a script finds in <c>session</c>, and keeps the names of the events fired from here on.</summary>
    public static async Task ReadyAsync(this IEngineTab tab)
    {
        await tab.WaitForAsync("document.readyState !== 'loading' && window[Symbol.for('session-lifetime')]?.status");
        await tab.RunAsync(
            """
            window.session = window[Symbol.for('session-lifetime')];
            await new Promise(done => setTimeout(done));
            window.fired = [];
            for (const name of ['started', 'resumed', 'restarted', 'timeout', 'active', 'ended', 'unreachable', 'reachable'])
              window.addEventListener('sessionlifetime:' + name, () => fired.push(name));
            """);
    }

    public static Task<string[]> FiredAsync(this IEngineTab tab) => tab.EvaluateAsync<string[]>("return fired;");

    public static Task<string> StateAsync(this IEngineTab tab) => tab.EvaluateAsync<string>("return session.state;");

    public static Task CheckAsync(this IEngineTab tab) => tab.RunAsync("await session.check();");

    /// <summary>The secret id, which a page of the same origin may see.</summary>
    public static Task<string> IdAsync(this IEngineTab tab) => tab.EvaluateAsync<string>("return session.headers()['X-Session-Id'];");

    public static Task<string> PageIdAsync(this IEngineTab tab) => tab.EvaluateAsync<string>("return session.headers()['X-Session-Page'];");

    /// <summary>Whose session the app's own answer finds.</summary>
    public static Task<string?> FetchedSessionAsync(this IEngineTab tab) => tab.EvaluateAsync<string?>("return (await (await fetch('/api')).json()).session;");

    public static Task WaitForStateAsync(this IEngineTab tab, string state) => tab.WaitForAsync($"window.session?.state === '{state}'");

    /// <summary>Waits until an element says exactly this.</summary>
    public static Task ShowsAsync(this IEngineTab tab, string selector, string text) =>
        tab.WaitForAsync($"({Deep.Find(selector)})?.textContent === {JsonSerializer.Serialize(text)}");

    /// <summary>Waits until an element contains this.</summary>
    public static Task ContainsAsync(this IEngineTab tab, string selector, string text) =>
        tab.WaitForAsync($"({Deep.Find(selector)})?.textContent.includes({JsonSerializer.Serialize(text)})");

    /// <summary>Waits until a part of the window, its title for example, says exactly this. (A slot has the text it falls back to.)</summary>
    public static Task ShowsPartAsync(this IEngineTab tab, string part, string text) => tab.ShowsAsync(Part(part), text);

    /// <summary>Waits until a part of the window contains this.</summary>
    public static Task SaysPartAsync(this IEngineTab tab, string part, string text) => tab.ContainsAsync(Part(part), text);

    /// <summary>Waits until the window of the countdown is open.</summary>
    public static Task OpensAsync(this IEngineTab tab) => tab.WaitForAsync($"{Deep.Find(Part("dialog"))}?.matches(':modal')");

    /// <summary>Waits until it is closed.</summary>
    public static Task ClosesAsync(this IEngineTab tab) => tab.WaitForAsync($"!{Deep.Find(Part("dialog"))}?.open");

    /// <summary>The selector of a part of the window.</summary>
    public static string Part(string part) => $"session-countdown >>> [part={part}]";

    /// <summary>Waits until a page of the relay has tokens for the next navigation.</summary>
    public static async Task<string> SettleAsync(this IEngineTab tab)
    {
        await tab.WaitForAsync("performance.getEntriesByType('resource').some(entry => entry.name.endsWith('/relay') && entry.responseEnd)");
        return await tab.SessionAsync();
    }

    /// <summary>Waits until the address ends so and the page has been parsed.</summary>
    public static Task LeadsToAsync(this IEngineTab tab, string path) =>
        tab.WaitForAsync($"location.href.endsWith('{path}') && document.readyState !== 'loading'");
}
