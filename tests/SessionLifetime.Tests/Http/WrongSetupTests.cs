using System.Net;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SessionLifetime.Tests.Fakes;

namespace SessionLifetime.Tests.Http;

/// <summary>Wrong set-ups, each started and asked: the log and the answer name the cause that is there, and no other.</summary>
public sealed class WrongSetupTests
{
    /// <summary>Every cause that a log line can name, so that a row can say that no other was named.</summary>
    private static readonly string[] s_causes =
    [
        "UseSessionLifetime() is missing",
        "UseRouting() comes after UseSessionLifetime()",
        "UseAntiforgery() comes before UseSessionLifetime()",
        "UseSessionLifetime() comes before UseAuthentication()",
        "If this is no rare swap of two tabs",
        "a browser navigated to it without one",
        "HttpContext.Session is used, and nothing provides it",
        "Call app.MapSessionLifetime()",
    ];

    public static TheoryData<string, string?, string, int, string> Setups => new()
    {
        // set-up, the one cause in the log, what is asked, the status, what the answer says
        { "right", null, "work", 200, "worked" },
        { "right", "a browser navigated to it without one", "navigate", 428, "Call AddNavigationRelay()" },
        { "right", null, "script", 428, "Put the browser module into the page" },
        { "relay", "a browser navigated to it without one", "navigate", 428, "StartTabSession()" },
        { "relay", null, "form", 200, "sent" },
        { "antiforgery first", "UseAntiforgery() comes before UseSessionLifetime()", "form", 400, "" },
        { "antiforgery first", "UseAntiforgery() comes before UseSessionLifetime()", "work", 200, "worked" },
        { "routing last", "UseRouting() comes after UseSessionLifetime()", "work", 200, "worked" },
        { "routing last", "UseRouting() comes after UseSessionLifetime()", "script", 500, "" },
        { "no use", "UseSessionLifetime() is missing", "attach", 201, "" },
        { "no map", "Call app.MapSessionLifetime()", "script", 428, "" },
        { "no http session", "HttpContext.Session is used, and nothing provides it", "session", 500, "" },
        { "http session", null, "session", 200, "kept" },
        { "framework session", null, "session", 200, "kept" },
    };

    [Theory]
    [MemberData(nameof(Setups))]
    public async Task The_log_and_the_answer_name_the_cause_that_is_there(string setup, string? cause, string ask, int status, string says)
    {
        var log = new LogRecorder();
        await using var app = Build(setup, log);
        await app.StartAsync();
        using var client = app.GetTestClient();

        var (got, text) = await AskAsync(client, ask);

        Assert.True(status == got, $"{got}: {text}");
        Assert.Contains(says, text, StringComparison.Ordinal);
        var named = s_causes.Where(one => log.Lines.Any(line => line.Level >= LogLevel.Warning && line.Text.Contains(one, StringComparison.Ordinal)));
        Assert.Equal(cause is null ? [] : [cause], named);
    }

    private static WebApplication Build(string setup, LogRecorder log)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(log);
        builder.Services.AddAntiforgery();
        var sessions = builder.Services.AddSessionLifetime();
        switch (setup)
        {
            case "relay" or "antiforgery first":
                sessions.AddNavigationRelay();
                break;
            case "http session":
                sessions.AddHttpSession();
                break;
            case "framework session":
                builder.Services.AddDistributedMemoryCache().AddSession();
                break;
        }

        var app = builder.Build();
        app.Use(static async (context, next) =>
        {
            try
            {
                await next(context);
            }
            catch (InvalidOperationException)
            {
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            }
        });
        Use(app, setup);
        if (setup != "no map")
        {
            app.MapSessionLifetime();
        }

        app.MapGet("/work", static () => "worked").RequireTabSession();
        app.MapGet("/form", static (HttpContext context, IAntiforgery antiforgery) => antiforgery.GetAndStoreTokens(context).RequestToken);
        app.MapPost("/form", static ([Microsoft.AspNetCore.Mvc.FromForm] string text) => text);
        app.MapGet("/session", static (HttpContext context) =>
        {
            context.Session.SetString("key", "kept");
            return context.Session.GetString("key");
        });
        return app;
    }

    private static void Use(WebApplication app, string setup)
    {
        switch (setup)
        {
            case "antiforgery first":
                app.UseAntiforgery();
                app.UseSessionLifetime();
                break;
            case "routing last":
                app.UseSessionLifetime();
                app.UseRouting();
                app.UseAntiforgery();
                break;
            case "no use":
                app.UseAntiforgery();
                break;
            case "framework session":
                app.UseSession();
                app.UseSessionLifetime();
                app.UseAntiforgery();
                break;
            default:
                app.UseSessionLifetime();
                app.UseAntiforgery();
                break;
        }
    }

    private static async Task<(int Status, string Text)> AskAsync(HttpClient client, string ask)
    {
        switch (ask)
        {
            case "navigate":
                return await SendAsync(client, HttpMethod.Get, "/work", id: null, request => request.Headers.Add("Sec-Fetch-Mode", "navigate"));
            case "script":
                return await SendAsync(client, HttpMethod.Get, "/work", id: null);
        }

        var (id, browser) = await AttachAsync(client);
        switch (ask)
        {
            case "attach":
                return (201, "");
            case "form":
                using (var page = NewRequest(HttpMethod.Get, "/form", id))
                {
                    page.Headers.Add("Cookie", browser);
                    using var rendered = await client.SendAsync(page);
                    var cookie = rendered.Headers.GetValues("Set-Cookie").Single(static one => one.Contains("Antiforgery", StringComparison.Ordinal)).Split(';')[0];
                    var token = await rendered.Content.ReadAsStringAsync();
                    return await SendAsync(client, HttpMethod.Post, "/form", id, request =>
                    {
                        request.Headers.Add("Cookie", $"{browser}; {cookie}");
                        request.Content = new FormUrlEncodedContent([new("text", "sent"), new("__RequestVerificationToken", token)]);
                    });
                }

            default:
                return await SendAsync(client, HttpMethod.Get, "/" + ask, id, request => request.Headers.Add("Cookie", browser));
        }
    }

    private static async Task<(string Id, string Browser)> AttachAsync(HttpClient client)
    {
        using var content = new StringContent("""{"page":"p"}""", null, "application/json");
        using var answer = await client.PostAsync(new Uri("/_session/attach", UriKind.Relative), content);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var json = System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        return (json.GetProperty("id").GetString()!, answer.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
    }

    private static async Task<(int Status, string Text)> SendAsync(HttpClient client, HttpMethod method, string path, string? id, Action<HttpRequestMessage>? with = null)
    {
        using var request = NewRequest(method, path, id);
        with?.Invoke(request);
        using var answer = await client.SendAsync(request);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static HttpRequestMessage NewRequest(HttpMethod method, string path, string? id) => SessionApp.NewRequest(method, path, id);
}
