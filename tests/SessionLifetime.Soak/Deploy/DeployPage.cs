using System.Collections.Concurrent;
using Microsoft.Playwright;
using SessionLifetime.Browser.Tests;
using SessionLifetime.Soak.Nodes;

namespace SessionLifetime.Soak.Deploy;

/// <summary>A page in a real browser that is used through the deploy: links, tickets, a sign-in. It stays in its session.</summary>
internal sealed class DeployPage : IAsyncDisposable
{
    private readonly ChromiumFixture _chromium = new();
    private IPage _page = null!;
    private readonly ConcurrentQueue<string> _told = [];
    private readonly ConcurrentQueue<string> _latest = [];
    private string _session = "";

    /// <summary>What went wrong, in words.</summary>
    public List<string> Wrong { get; } = [];

    /// <summary>What was done, by kind.</summary>
    public Dictionary<string, int> Done { get; } = [];

    /// <summary>WebSockets that a stopping node has closed, as it should: they were opened again.</summary>
    public int Reopened { get; private set; }

    public async Task OpenAsync(string url)
    {
        await _chromium.InitializeAsync();
        var context = await _chromium.NewContextAsync(new() { BaseURL = url });
        _page = await context.NewPageAsync();
        await _page.ExposeFunctionAsync("tell", (string what) => _told.Enqueue(At(what)));
        _page.Request += (_, request) => Note($"> {request.Method} {request.Url}");
        _page.Response += (_, response) => Note($"< {response.Status} {response.Url} {(response.Headers.TryGetValue("x-node", out var node) ? node : "")}");
        _page.PageError += (_, error) => Wrong.Add($"the page threw {error}");
        await _page.GotoAsync("/");
        _session = await EvaluateAsync("ready()");
    }

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested && !_page.IsClosed)
        {
            try
            {
                await UseAsync();
            }
            catch (Exception exception) when (exception is PlaywrightException or TimeoutException)
            {
                // It was loaded anew, or nothing answered: what the page was told says why, and what it asked for before.
                Wrong.Add($"{At(exception.Message.Split('\n')[0])} after{string.Concat(_latest.Select(static line => $"{Environment.NewLine}      {line}"))}");
                await Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
            }
        }

        Wrong.AddRange(_told.Select(static told => $"the page was told: {told}"));
        if (_page.IsClosed)
        {
            Wrong.Add("the page was closed");
        }
        else if (await _page.Locator("session-countdown").IsVisibleAsync())
        {
            Wrong.Add("the window shows");
        }
    }

    private async Task UseAsync()
    {
        Check("request", await EvaluateAsync("who()"));
        await SocketAsync();
        Check("event stream by ticket", await EvaluateAsync("stream()"));
        var next = await _page.GetAttributeAsync("#next", "href");
        await _page.ClickAsync("#next");
        await _page.WaitForURLAsync("**" + next);
        Check("link", await _page.TextContentAsync("#session") ?? "");
        Check("page after it", await EvaluateAsync("ready()"));
        if (Done["request"] % 5 == 0)
        {
            // A user who signs in gives the session a new id; another user would not have it.
            Check("sign-in", await EvaluateAsync("signIn('ann')"));
            Check("request after it", await EvaluateAsync("user()"), "ann " + _session);
        }

        await _page.WaitForTimeoutAsync(200);
    }

    public async ValueTask DisposeAsync() => await _chromium.DisposeAsync();

    private static string At(string what) => FormattableString.Invariant($"{Clock.Now:F2} {what}");

    private void Note(string what)
    {
        _latest.Enqueue(At(what));
        while (_latest.Count > 24)
        {
            _latest.TryDequeue(out _);
        }
    }

    private async Task SocketAsync()
    {
        var answer = await EvaluateAsync("socket()");
        if (answer.StartsWith("closed 1012", StringComparison.Ordinal))
        {
            Reopened++;
            answer = await EvaluateAsync("socket()");
        }

        Check("WebSocket by ticket", answer);
    }

    private Task<string> EvaluateAsync(string script) => _page.EvaluateAsync<string>(script);

    private void Check(string what, string found, string? expected = null)
    {
        Done[what] = Done.GetValueOrDefault(what) + 1;
        if (found != (expected ?? _session))
        {
            Wrong.Add($"{what}: '{found}' instead of '{expected ?? _session}'");
        }
    }
}
