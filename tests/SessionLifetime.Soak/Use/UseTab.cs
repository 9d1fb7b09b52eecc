using System.Globalization;
using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Soak.Use;

/// <summary>What a page shows of itself.</summary>
/// <param name="Path">Its address.</param>
/// <param name="State">The state of its controller; null where it has none.</param>
/// <param name="Session">Its session.</param>
/// <param name="Reason">Why that ended.</param>
/// <param name="Rendered">The session that the page was rendered for, or nothing.</param>
/// <param name="IsHidden">Whether the browser says that nobody sees it.</param>
internal sealed record UseView(string Path, string? State, string? Session, string? Reason, string? Rendered, bool IsHidden)
{
    public bool IsAlive => State is "active" or "timedOut";
}

/// <summary>A tab of the user.</summary>
/// <param name="name">How the journal calls it.</param>
/// <param name="tab">The tab.</param>
internal sealed class UseTab(string name, IEngineTab tab)
{
    public string Name => name;

    public IEngineTab Tab => tab;

    /// <summary>The session it had when it was last looked at.</summary>
    public string? Session { get; set; }

    /// <summary>Failures in a row.</summary>
    public int Failures { get; set; }

    /// <summary>Asks the page what it shows, when it has heard from the server; null where it does not answer in time.</summary>
    public async Task<UseView?> LookAsync(double seconds)
    {
        for (var until = DateTime.UtcNow.AddSeconds(seconds); DateTime.UtcNow < until; await Task.Delay(100))
        {
            try
            {
                var view = await tab.EvaluateAsync<UseView>(
                    """
                    const session = window[Symbol.for('session-lifetime')];
                    const soon = async promise => { await Promise.race([promise, new Promise(done => setTimeout(done, 5000))]); };
                    if (session) {
                      await soon(session.ready);
                      await soon(session.check());
                    }
                    return {
                      Path: location.pathname, State: session?.state ?? null, Session: session?.status?.session ?? null, Reason: session?.reason ?? null,
                      Rendered: document.querySelector('#session')?.textContent ?? null, IsHidden: document.hidden,
                    };
                    """).WaitAsync(TimeSpan.FromSeconds(15));
                if (view.State is not (null or "starting"))
                {
                    return view;
                }
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // The page was replaced while it was asked.
            }
        }

        return null;
    }

    /// <summary>What it is, where it does not answer as it should.</summary>
    public async Task<string> DescribeAsync()
    {
        try
        {
            return await tab.EvaluateAsync<string>(
                "return `${location.href} ${document.readyState} ${window[Symbol.for('session-lifetime')]?.state} ${document.documentElement.outerHTML.slice(0, 600)}`;").WaitAsync(TimeSpan.FromSeconds(10));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return string.Create(CultureInfo.InvariantCulture, $"no answer: {exception.GetType().Name} {exception.Message}");
        }
    }
}
