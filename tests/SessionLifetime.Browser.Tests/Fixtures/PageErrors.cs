using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Browser.Tests;

/// <summary>
/// What pages threw, and what their policy forbade them: their first script tells their server, in every engine alike. The requests of it are seen by
/// no test.
/// </summary>
internal static class PageErrors
{
    private const string Watch = """
        for (const [type, say] of [
          ['error', event => event.message],
          ['unhandledrejection', event => `${event.reason}`],
          ['securitypolicyviolation', event => `${event.violatedDirective} forbids ${event.blockedURI}`],
        ]) addEventListener(type, event => queueMicrotask(() => {
          if (!event.defaultPrevented) new Image().src = `/first.js?${encodeURIComponent(say(event))}`;
        }));
        """;

    private static readonly ConcurrentDictionary<string, ConcurrentQueue<string>> s_ofTests = new();

    /// <summary>Those of the test that runs here.</summary>
    public static ConcurrentQueue<string> Current => s_ofTests.GetOrAdd(TestContext.Current.Test?.UniqueID ?? "", static _ => new());

    /// <summary>The page with the script before all others.</summary>
    public static string Into(string html) => html.Replace("<!doctype html>", """<!doctype html><script src="/first.js"></script>""", StringComparison.Ordinal);

    /// <summary>Serves the script, and hears what it says.</summary>
    /// <param name="app">The app.</param>
    /// <param name="more">What a test adds to it.</param>
    public static void UsePageErrors(this WebApplication app, Func<string> more)
    {
        var errors = Current;
        app.Use((context, next) =>
        {
            if (context.Request.Path != "/first.js")
            {
                return next(context);
            }

            if (context.Request.QueryString.HasValue)
            {
                errors.Enqueue(Uri.UnescapeDataString(context.Request.QueryString.Value![1..]));
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                return Task.CompletedTask;
            }

            context.Response.ContentType = "text/javascript; charset=utf-8";
            context.Response.Headers.CacheControl = "no-store";
            return context.Response.WriteAsync($"{Watch}\n{{\n{more()}\n}}");
        });
    }
}
