[assembly: AssemblyFixture(typeof(SessionLifetime.Browser.Tests.ChromiumFixture))]

namespace SessionLifetime.Browser.Tests;

/// <summary>The installed Chromium, started once; each test takes a context of its own, which is a browser with nothing in it.</summary>
public sealed class ChromiumFixture : IAsyncLifetime
{
    private static readonly string? s_found = Find();

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>Where the browser is; ends the test that asks where there is none.</summary>
    public static string ExecutablePath
    {
        get
        {
            if (s_found is null)
            {
                Requirement.Missing("There is no Chromium on this machine: install it, or say in CHROMIUM_PATH where it is.");
            }

            return s_found!;
        }
    }

    public static IReadOnlyList<string> Arguments { get; } =
    [
        "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--no-first-run",
    ];

    /// <summary>A browser with nothing in it.</summary>
    public Task<IBrowserContext> NewContextAsync(BrowserNewContextOptions options)
    {
        _ = ExecutablePath;
        return _browser!.NewContextAsync(options);
    }

    /// <summary>A browser that keeps what it knows in a folder, so that it can be closed and started again.</summary>
    public Task<IBrowserContext> LaunchAsync(string folder) =>
        _playwright!.Chromium.LaunchPersistentContextAsync(folder, new() { ExecutablePath = ExecutablePath, Args = Arguments });

    public async ValueTask InitializeAsync()
    {
        if (s_found is not null)
        {
            Assertions.SetDefaultExpectTimeout(15_000);
            _playwright = await Playwright.CreateAsync();
            _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = s_found, Args = Arguments });
        }
    }

    public async ValueTask DisposeAsync()
    {
        await (_browser?.DisposeAsync() ?? ValueTask.CompletedTask);
        _playwright?.Dispose();
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("CHROMIUM_PATH") is { Length: > 0 } given)
        {
            return File.Exists(given) ? given : null;
        }

        string[] usual =
        [
            "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome",
            "/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            @"C:\Program Files\Google\Chrome\Application\chrome.exe",
        ];
        return usual.FirstOrDefault(File.Exists);
    }
}
