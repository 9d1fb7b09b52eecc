using System.Diagnostics;
using System.Text.Json.Nodes;

namespace SessionLifetime.Browser.Tests;

/// <summary>A Chromium of its own, driven by nothing but the DevTools protocol: its tabs hide, freeze, crash and are cached.</summary>
public sealed class BareChromium : IAsyncDisposable
{
    private readonly DirectoryInfo _profile;
    private readonly bool _keepsProfile;
    private readonly Process _process;
    private DevToolsClient _client = null!;
    private IReadOnlyList<string> _first = [];

    private BareChromium(DirectoryInfo? profile, IEnumerable<string> more)
    {
        _keepsProfile = profile is not null;
        _profile = profile ?? Directory.CreateTempSubdirectory("session-lifetime-");
        string[] own = ["--headless=new", "--remote-debugging-port=0", $"--user-data-dir={_profile.FullName}", "about:blank"];
        _process = Process.Start(new ProcessStartInfo(ChromiumFixture.ExecutablePath, [.. ChromiumFixture.Arguments, .. more, .. own])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        })!;
    }

    public static Task<BareChromium> StartAsync(params string[] more) => StartAsync(profile: null, more);

    /// <summary>Starts it in a folder of the test's, which is kept.</summary>
    public static async Task<BareChromium> StartAsync(DirectoryInfo? profile, params string[] more)
    {
        var chromium = new BareChromium(profile, more);
        while (await chromium._process.StandardError.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("DevTools listening on ", StringComparison.Ordinal))
            {
                chromium._client = await DevToolsClient.ConnectAsync(new Uri(line["DevTools listening on ".Length..]));
                _ = chromium._process.StandardError.ReadToEndAsync();
                chromium._first = await chromium.PagesAsync();
                return chromium;
            }
        }

        throw new InvalidOperationException("Chromium did not start.");
    }

    /// <summary>Opens a tab in front of the others.</summary>
    public async Task<BareTab> OpenAsync(string url)
    {
        var target = await _client.SendAsync("Target.createTarget", new { url });
        return await AttachAsync(target!["targetId"]!.GetValue<string>());
    }

    /// <summary>Opens a tab that is left to itself: some things the browser does not do while it is watched.</summary>
    public Task OpenUnattachedAsync(string url) => _client.SendAsync("Target.createTarget", new { url });

    /// <summary>The tabs that are open, whoever opened them, but for the one that the browser starts with.</summary>
    public async Task<IReadOnlyList<BareTab>> TabsAsync(IReadOnlyCollection<BareTab> known)
    {
        List<BareTab> tabs = [];
        foreach (var id in (await PagesAsync()).Except(_first))
        {
            tabs.Add(known.FirstOrDefault(tab => tab.TargetId == id) ?? await AttachAsync(id));
        }

        return tabs;
    }

    public Task ActivateAsync(BareTab tab) => _client.SendAsync("Target.activateTarget", new { targetId = tab.TargetId });

    public Task CloseAsync(BareTab tab) => _client.SendAsync("Target.closeTarget", new { targetId = tab.TargetId });

    /// <summary>Quits it as its user would, so that it can restore its tabs.</summary>
    public async Task QuitAsync()
    {
        await _client.SendAsync("Browser.close");
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        try
        {
            if (!_keepsProfile)
            {
                _profile.Delete(recursive: true);
            }
        }
        catch (IOException)
        {
            // A late child of the browser still writes there; the system cleans its temporary folder.
        }
    }

    private async Task<IReadOnlyList<string>> PagesAsync()
    {
        var found = await _client.SendAsync("Target.getTargets");
        return [.. found!["targetInfos"]!.AsArray().Where(static target => target!["type"]!.GetValue<string>() == "page").Select(static target => target!["targetId"]!.GetValue<string>())];
    }

    private async Task<BareTab> AttachAsync(string targetId)
    {
        var attached = await _client.SendAsync("Target.attachToTarget", new { targetId, flatten = true });
        var tab = new BareTab(_client, targetId, attached!["sessionId"]!.GetValue<string>());
        await tab.SendAsync("Page.enable");
        await tab.SendAsync("Runtime.enable");
        return tab;
    }
}

/// <summary>A tab of a bare Chromium.</summary>
public sealed class BareTab(DevToolsClient client, string targetId, string session)
{
    public string TargetId => targetId;

    public Task<JsonNode?> SendAsync(string method, object? parameters = null) => client.SendAsync(method, parameters, session);

    /// <summary>Runs a script and gives what it, or its promise, results in.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        var answer = await SendAsync("Runtime.evaluate", new { expression, awaitPromise = true, returnByValue = true });
        return answer!["exceptionDetails"] is { } details
            ? throw new InvalidOperationException(details.ToJsonString())
            : answer["result"]!["value"];
    }

    public async Task WaitForAsync(string expression)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                if ((await EvaluateAsync(expression))?.GetValue<bool>() == true)
                {
                    return;
                }
            }
            catch (InvalidOperationException) when (tries < 300)
            {
                // The page is on its way.
            }

            Assert.True(tries < 300, $"Never true: {expression}");
            await Task.Delay(50);
        }
    }
}
