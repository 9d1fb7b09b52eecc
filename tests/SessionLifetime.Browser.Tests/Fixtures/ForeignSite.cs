using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SessionLifetime.Browser.Tests;

/// <summary>A page of another site (another host name, so that cookies of SameSite Strict are not sent), with every way back.</summary>
internal sealed class ForeignSite : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ForeignSite(string home)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.MapGet("/redirect", () => Results.Redirect(home + "/returned"));
        _app.MapGet("/", () => Results.Content(
            $"""
            <!doctype html>
            <html lang="en">
            <head><meta charset="utf-8"><title>Elsewhere</title></head>
            <body>
              <h1>Elsewhere</h1>
              <a id="link" href="{home}/returned#part">link</a> <a id="redirect" href="/redirect">redirect</a>
              <a id="tab" href="{home}/returned" target="_blank">tab</a>
              <form action="{home}/returned"><button id="form">form</button></form>
              <form action="{home}/returned" method="post"><button id="post">post</button></form>
            </body>
            </html>
            """,
            "text/html; charset=utf-8"));
    }

    /// <summary>Its address by the other name of this machine.</summary>
    public string Url => _app.Urls.First().Replace("127.0.0.1", "localhost", StringComparison.Ordinal);

    public static async Task<ForeignSite> StartAsync(string home)
    {
        var site = new ForeignSite(home);
        await site._app.StartAsync();
        return site;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
