using SessionLifetime.Browser.Tests;
using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Soak.Use;

/// <summary>Somebody who uses the app in a few tabs, in no order but that of a seed.</summary>
internal sealed class UseUser(EngineKind engine, IEngineBrowser browser, CuttableProxy network, UseSessions sessions, UseJournal journal, Random random)
{
    private const int MaxTabs = 4;

    private readonly List<UseTab> _tabs = [];
    private int _named;

    private sealed record Deed(string Name, int Weight, Func<UseTab, Task> Do, bool IsInput = true);

    private Deed[] Active =>
    [
        new("link", 20, tab => tab.Tab.ReplaceAsync(() => tab.Tab.ClickAsync(Any("#a", "#b", "#c")))),
        new("link to a public page", 8, tab => tab.Tab.ReplaceAsync(() => tab.Tab.ClickAsync("#public"))),
        new("link to a plain page", 4, tab => tab.Tab.ReplaceAsync(() => tab.Tab.ClickAsync("#plain"))),
        new("link that redirects", 4, tab => tab.Tab.ReplaceAsync(() => tab.Tab.ClickAsync("#redirect"))),
        new("form", 6, tab => tab.Tab.ReplaceAsync(() => tab.Tab.ClickAsync("#post button"))),
        new("form of GET", 4, tab => tab.Tab.ReplaceAsync(() => tab.Tab.ClickAsync("#get button"))),
        new("link to nothing", 2, tab => tab.Tab.ClickAsync("#nothing")),
        new("download", 1, tab => tab.Tab.ClickAsync("#file")),
        new("reload", 7, tab => tab.Tab.ReplaceAsync(tab.Tab.ReloadAsync)),
        new("typed address", 6, tab => tab.Tab.GoToAsync($"{network.Url}/{Any("first", "second", "third")}")),
        new("back", 9, BackAsync, IsInput: false),
        new("request", 6, tab => tab.Tab.RunAsync("await fetch('/api/touch', { method: 'POST' });")),
        new("rotation", 3, tab => tab.Tab.RunAsync("await fetch('/api/rotate', { method: 'POST' });")),
        new("type", 14, tab => tab.Tab.TypeAsync("#name", Any("a", "bc", "def"))),
        new("click", 6, tab => tab.Tab.ClickAtAsync(random.Next(5, 600), random.Next(300, 500))),
        new("key", 4, tab => tab.Tab.PressAsync(Any("PageDown", "ArrowDown", "Tab"))),
        new("open a tab", 6, _ => OpenAsync(), IsInput: false),
        new("copy of the tab", 4, tab => OpenedAsync(tab, "#opener")),
        new("link in a new tab", 2, tab => OpenedAsync(tab, "#blank")),
        new("show another tab", 8, _ => Task.CompletedTask, IsInput: false),
        new("close the tab", 4, CloseAsync, IsInput: false),
        new("offline", 2, _ => OfflineAsync(), IsInput: false),
        new("the clocks jump", 2, JumpAsync, IsInput: false),
        new("sleep", 2, _ => SleepAsync(), IsInput: false),
        new("short pause", 4, _ => Task.Delay(TimeSpan.FromSeconds(2 + (random.NextDouble() * 6))), IsInput: false),
        new("pause past the timeout", 3, _ => Task.Delay(TimeSpan.FromSeconds(UseSettings.SessionTimeout + (random.NextDouble() * 6))), IsInput: false),
        new("pause past the end", 1, _ => Task.Delay(TimeSpan.FromSeconds(UseSettings.SessionTimeout + UseSettings.Countdown + (random.NextDouble() * 10))), IsInput: false),
    ];

    private Deed[] Warned =>
    [
        new("stay", 8, tab => tab.Tab.ClickAsync(EngineTabExtensions.Part("stay"))),
        new("stay by Escape", 4, tab => tab.Tab.PressAsync("Escape")),
        new("leave", 2, tab => tab.Tab.ClickAsync(EngineTabExtensions.Part("leave")), IsInput: false),
        new("key in the countdown", 2, tab => tab.Tab.PressAsync("Tab"), IsInput: false),
        new("reload in the countdown", 2, tab => tab.Tab.ReplaceAsync(tab.Tab.ReloadAsync)),
        new("wait in the countdown", 5, _ => Task.Delay(TimeSpan.FromSeconds(random.NextDouble() * 12)), IsInput: false),
        new("show another tab in the countdown", 3, _ => Task.CompletedTask, IsInput: false),
        new("close the tab in the countdown", 2, CloseAsync, IsInput: false),
        new("offline in the countdown", 1, _ => OfflineAsync(), IsInput: false),
        new("sleep in the countdown", 1, _ => SleepAsync(), IsInput: false),
    ];

    private Deed[] Ended =>
    [
        new("go on after the end", 5, GoOnAsync, IsInput: false),
        new("reload after the end", 4, tab => tab.Tab.ReplaceAsync(tab.Tab.ReloadAsync), IsInput: false),
        new("typed address after the end", 3, tab => tab.Tab.GoToAsync(network.Url + "/first"), IsInput: false),
        new("back after the end", 2, BackAsync, IsInput: false),
        new("close the tab after the end", 3, CloseAsync, IsInput: false),
        new("show another tab after the end", 3, _ => Task.CompletedTask, IsInput: false),
    ];

    /// <summary>Uses the app until it is told to stop; then closes all tabs.</summary>
    /// <exception cref="OpenQA.Selenium.WebDriverException">The driver of the browser has crashed, and with it the browser.</exception>
    public async Task UseAsync(CancellationToken cancellationToken)
    {
        await OpenAsync();
        await OpenAsync();
        while (!cancellationToken.IsCancellationRequested)
        {
            var tab = _tabs[random.Next(_tabs.Count)];
            try
            {
                await StepAsync(tab);
                tab.Failures = 0;
            }
            catch (OpenQA.Selenium.WebDriverException exception) when (exception.InnerException is HttpRequestException)
            {
                _tabs.ForEach(one => sessions.Closes(one.Session, journal.Now));
                throw;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                journal.Count("deeds that failed");
                journal.Write($"{tab.Name} failed: {exception.GetType().Name}: {exception.Message.Split('\n')[0]} {exception.InnerException?.Message.Split('\n')[0]}");
                if (++tab.Failures > 1 && _tabs.Contains(tab))
                {
                    journal.Violation($"{tab.Name} does not recover: {exception.Message} {await tab.DescribeAsync()}");
                    await ReplaceAsync(tab);
                }
            }

            await Task.Delay(TimeSpan.FromSeconds(-Math.Log(1 - random.NextDouble()) * 0.7), CancellationToken.None);
        }

        while (_tabs.Count > 1)
        {
            await CloseAsync(_tabs[^1]);
        }

        await _tabs[0].Tab.GoToAsync("about:blank");
    }

    private async Task StepAsync(UseTab tab)
    {
        await tab.Tab.ShowAsync().WaitAsync(TimeSpan.FromSeconds(30));
        var before = await LookAsync(tab);
        var deed = Choose(before switch
        {
            { State: "timedOut" } => Warned,
            { State: "ended" } => Ended,
            _ => Active,
        });
        if (_tabs.Count >= MaxTabs && deed.Name is "open a tab" or "copy of the tab" or "link in a new tab")
        {
            deed = Choose([.. Active.Where(static one => one.IsInput)]);
        }

        if (deed.Name == "form" && before.Path == "/public")
        {
            // That page is everybody's, and its form has no token.
            deed = Active[0];
        }

        var at = journal.Now;
        journal.Count(deed.Name);
        journal.Write($"{tab.Name} {deed.Name} ({before.Path} {before.State} {before.Session}{(before.IsHidden ? " hidden" : "")})");
        await deed.Do(tab).WaitAsync(TimeSpan.FromSeconds(90));
        sessions.Touched(before.Session, journal.Now);
        if (!_tabs.Contains(tab))
        {
            return;
        }

        var after = await LookAsync(tab, settles: deed.Name.StartsWith("back", StringComparison.Ordinal));
        if (deed.IsInput && before is { State: "active" or "timedOut" } && after.State == "active" && after.Session == before.Session)
        {
            sessions.Acted(after.Session, at);
        }

        sessions.Touched(before.Session, journal.Now);
        sessions.Touched(after.Session, journal.Now);
    }

    /// <summary>Looks at a tab's page, which has a session, or says that it has ended.</summary>
    private async Task<UseView> LookAsync(UseTab tab, bool settles = false)
    {
        var view = await tab.LookAsync(seconds: 20);
        if (view is null)
        {
            throw new TimeoutException($"No session: {await tab.DescribeAsync()}");
        }

        if (view is { IsAlive: true, Rendered.Length: > 0, Session: { } session } && view.Rendered != session && !sessions.HasEnded(view.Rendered))
        {
            // It is loaded anew, once.
            await Task.Delay(3000);
            view = await tab.LookAsync(seconds: 20) ?? view;
            if (view.IsAlive && view.Rendered!.Length > 0 && view.Rendered != view.Session && !sessions.HasEnded(view.Rendered))
            {
                journal.Violation($"{tab.Name}: {view.Path} was rendered for {view.Rendered}, but its tab has {view.Session}");
            }
        }

        if (view.State is "unsupported" or "stopped")
        {
            journal.Violation($"{tab.Name}: {view.State}");
        }

        if (view.IsAlive && !settles)
        {
            sessions.Seen(view.Session, journal.Now);
        }

        if (tab.Session != view.Session && tab.Session is not null)
        {
            journal.Write($"{tab.Name} has {view.Session} instead of {tab.Session}");
            if (view.Session is not null && !sessions.HasEnded(tab.Session))
            {
                journal.Violation($"{tab.Name} has {view.Session}, but {tab.Session}, which it had, has not ended");
            }
        }

        tab.Session = view.Session ?? tab.Session;
        sessions.Touched(view.IsAlive && tab.Failures > 0 ? view.Session : null, journal.Now);
        return view;
    }

    private async Task OpenAsync()
    {
        var tab = new UseTab($"tab{++_named}", await browser.NewTabAsync());
        _tabs.Add(tab);
        await tab.Tab.GoToAsync(network.Url + "/first");
        var view = await LookAsync(tab);
        sessions.Touched(view.Session, journal.Now);
    }

    private async Task OpenedAsync(UseTab from, string link)
    {
        var tab = new UseTab($"tab{++_named}", await browser.OpenedAsync(() => from.Tab.ClickAsync(link)));
        _tabs.Add(tab);
        await tab.Tab.WaitForAsync("document.querySelector('#path')");
        var view = await LookAsync(tab);
        journal.Write($"{tab.Name} opened from {from.Name}, has {view.Session}");
        if (view.Session is not null && view.Session == from.Session)
        {
            journal.Violation($"{tab.Name} shares the session of {from.Name}");
        }

        sessions.Touched(view.Session, journal.Now);
    }

    private async Task CloseAsync(UseTab tab)
    {
        if (_tabs.Count > 1)
        {
            _tabs.Remove(tab);
            sessions.Closes(tab.Session, journal.Now);
            await tab.Tab.CloseAsync();
        }
    }

    private async Task ReplaceAsync(UseTab tab)
    {
        var fresh = new UseTab($"tab{++_named}", await browser.NewTabAsync());
        _tabs.Add(fresh);
        await CloseAsync(tab);
        await fresh.Tab.GoToAsync(network.Url + "/first");
    }

    /// <summary>The driver of WebKit mostly crashes when a click of its own leads away from a page of several.</summary>
    private Task GoOnAsync(UseTab tab) => engine == EngineKind.WebKit
        ? tab.Tab.RunAsync($"const button = {Deep.Find(EngineTabExtensions.Part("stay"))}; setTimeout(() => button.click());")
        : tab.Tab.ClickAsync(EngineTabExtensions.Part("stay"));

    private static async Task BackAsync(UseTab tab)
    {
        // Whether there is a page to go back to is not known: what the browser starts with is no page of the app.
        if (await tab.Tab.EvaluateAsync<bool>("return history.length > 2 && location.pathname !== '/first';"))
        {
            await tab.Tab.BackAsync();
            await Task.Delay(1500);
        }
    }

    private async Task JumpAsync(UseTab tab)
    {
        sessions.Closes(tab.Session, journal.Now);
        await tab.Tab.RunAsync("window.slept += 2 * 60 * 60 * 1000; dispatchEvent(new Event('focus'));");
    }

    private async Task OfflineAsync()
    {
        sessions.Leaves();
        network.Cut();
        var until = journal.Now + 1 + (random.NextDouble() * 25);
        try
        {
            while (journal.Now < until)
            {
                var tab = _tabs[random.Next(_tabs.Count)];
                var what = random.Next(5);
                journal.Write($"{tab.Name} offline {what}");
                await tab.Tab.ShowAsync();
                try
                {
                    await (what switch
                    {
                        0 => tab.Tab.RunAsync("await fetch('/api/touch', { method: 'POST' }).catch(() => {});"),
                        1 => tab.Tab.PressAsync("ArrowDown"),
                        2 when random.Next(3) == 0 => tab.Tab.ReloadAsync(),
                        _ => Task.CompletedTask,
                    }).WaitAsync(TimeSpan.FromSeconds(30));
                }
                catch (InvalidOperationException exception)
                {
                    // A driver says that the page was not reached.
                    journal.Write($"{tab.Name} {exception.Message[..Math.Min(120, exception.Message.Length)]}");
                }

                await Task.Delay(TimeSpan.FromSeconds(1 + (random.NextDouble() * 3)));
            }
        }
        finally
        {
            network.Mend();
            sessions.Returns();
        }

        // Who sees the browser's own page loads it anew.
        foreach (var tab in _tabs)
        {
            await tab.Tab.ShowAsync();
            if (!await IsOursAsync(tab))
            {
                journal.Write($"{tab.Name} loads anew what was not reached");
                await tab.Tab.GoToAsync(network.Url + "/first");
            }

            sessions.Touched((await LookAsync(tab)).Session, journal.Now);
        }
    }

    private static async Task<bool> IsOursAsync(UseTab tab)
    {
        try
        {
            return await tab.Tab.EvaluateAsync<bool>("return !!document.querySelector('#path') && !!window[Symbol.for('session-lifetime')];");
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The browser's own page may run no script.
            return false;
        }
    }

    private async Task SleepAsync()
    {
        sessions.Leaves();
        await UseMachine.SleepAsync();
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(2 + (random.NextDouble() * 45)));
        }
        finally
        {
            await UseMachine.WakeAsync();
            sessions.Returns();
        }
    }

    private Deed Choose(Deed[] deeds)
    {
        var at = random.Next(deeds.Sum(static deed => deed.Weight));
        return deeds.First(deed => (at -= deed.Weight) < 0);
    }

    private string Any(params string[] all) => all[random.Next(all.Length)];
}
