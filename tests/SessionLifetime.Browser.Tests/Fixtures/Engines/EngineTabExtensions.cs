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
        while (DateTime.UtcNow < until)
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

            await Task.Delay(50);
        }

        throw new TimeoutException($"It did not become true: {expression}", last);
    }

    public static Task<string?> TextAsync(this IEngineTab tab, string selector) => tab.EvaluateAsync<string?>($"return ({Deep.Find(selector)})?.textContent ?? null;");

    /// <summary>Waits until the page has its session, and gives the public id.</summary>
    public static async Task<string> SessionAsync(this IEngineTab tab)
    {
        await tab.WaitForAsync("window[Symbol.for('session-lifetime')]?.status");
        return await tab.EvaluateAsync<string>("return window[Symbol.for('session-lifetime')].status.session;");
    }

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
