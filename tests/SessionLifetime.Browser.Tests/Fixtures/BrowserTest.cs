namespace SessionLifetime.Browser.Tests;

/// <summary>
/// What the tests in Chromium share: a browser with nothing in it, and a failure when a page threw or did what its policy forbids.
/// </summary>
public abstract class BrowserTest(ChromiumFixture chromium) : IAsyncLifetime
{
    private readonly List<string> _errors = [];

    protected ChromiumFixture Chromium => chromium;

    protected IBrowserContext Context { get; private set; } = null!;

    protected virtual BrowserNewContextOptions ContextOptions => new();

    public virtual async ValueTask InitializeAsync()
    {
        Context = await chromium.NewContextAsync(ContextOptions);
        Context.Page += (_, page) =>
        {
            page.PageError += (_, error) => _errors.Add(error);
            page.Console += (_, message) => _errors.AddRange(message.Text.Contains("Content Security Policy", StringComparison.Ordinal) ? [message.Text] : []);
        };
    }

    public virtual async ValueTask DisposeAsync()
    {
        await (Context?.DisposeAsync() ?? ValueTask.CompletedTask);
        Assert.Empty(_errors);
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens a page and waits until it has its session.</summary>
    protected async Task<IPage> OpenAsync(TestServer server, string path = "/")
    {
        var page = await Context.NewPageAsync();
        await page.GotoAsync(server.Url + path);
        await page.ReadyAsync();
        return page;
    }
}
