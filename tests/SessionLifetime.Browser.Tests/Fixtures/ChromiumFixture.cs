[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: AssemblyFixture(typeof(SessionLifetime.Browser.Tests.ChromiumFixture))]

namespace SessionLifetime.Browser.Tests;

/// <summary>The installed Chromium, started once; each test takes a context of its own, which is a browser with nothing in it.</summary>
public sealed class ChromiumFixture : IAsyncLifetime
{
    public static string ExecutablePath { get; } = Environment.GetEnvironmentVariable("CHROMIUM_PATH") ?? "/usr/bin/chromium";

    public static IReadOnlyList<string> Arguments { get; } =
    [
        "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--no-first-run",
    ];

    private IPlaywright? _playwright;

    public IBrowser Browser { get; private set; } = null!;

    /// <summary>A browser that keeps what it knows in a folder, so that it can be closed and started again.</summary>
    public Task<IBrowserContext> LaunchAsync(string folder) =>
        _playwright!.Chromium.LaunchPersistentContextAsync(folder, new() { ExecutablePath = ExecutablePath, Args = Arguments });

    public async ValueTask InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        Browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = ExecutablePath, Args = Arguments });
    }

    public async ValueTask DisposeAsync()
    {
        await Browser.DisposeAsync();
        _playwright?.Dispose();
    }
}
