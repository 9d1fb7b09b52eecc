using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Rendering;
using Microsoft.AspNetCore.Razor.TagHelpers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SessionLifetime.Cluster.Tests.Storage;

namespace SessionLifetime.Cluster.Tests;

/// <summary>A session that one server starts for a page, and that the page attaches to on another.</summary>
public sealed partial class SharedFirstPageTests : IAsyncDisposable
{
    private readonly MemoryBackingStore _store = new(TimeProvider.System);
    private readonly List<WebApplication> _apps = [];
    private readonly HttpClient _client = new(new HttpClientHandler { UseCookies = false });

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        foreach (var app in _apps)
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }

        await _store.DisposeAsync();
    }

    [Theory]
    [InlineData(BrowserBinding.Off)]
    [InlineData(BrowserBinding.WhenPossible)]
    [InlineData(BrowserBinding.Required)]
    public async Task TheSessionOfAFirstPage_IsTakenOverOnAnyServer(BrowserBinding binding)
    {
        await StartAsync(binding);
        var (session, token, cookie) = await OpenAsync(cookie: null);

        Assert.Equal(session, await AttachAsync(1, token, cookie));
    }

    [Theory]
    [InlineData(BrowserBinding.Off)]
    [InlineData(BrowserBinding.WhenPossible)]
    [InlineData(BrowserBinding.Required)]
    public async Task OfTwoPagesOfOneSession_OneTakesItOver(BrowserBinding binding)
    {
        await StartAsync(binding);
        var (session, token, cookie) = await OpenAsync(cookie: null);
        var found = new[] { await AttachAsync(1, token, cookie), await AttachAsync(0, token, cookie) };

        Assert.Single(found, one => one == session);
    }

    private async Task StartAsync(BrowserBinding binding)
    {
        for (var number = 0; number < 2; number++)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Services.AddSessionLifetime(options => options.BrowserBinding = binding)
                .UseBackingStore(_ => new InterceptedStore(_store), static _ => { })
                .AddNavigationRelay();
            var app = builder.Build();
            app.UseRouting();
            app.UseSessionLifetime();
            app.MapSessionLifetime();
            app.MapGet("/", PageAsync).StartTabSession();
            await app.StartAsync();
            _apps.Add(app);
        }
    }

    private static async Task PageAsync(HttpContext context)
    {
        var helper = new SessionLifetimeTagHelper(context.RequestServices) { ViewContext = new ViewContext { HttpContext = context } };
        var output = new TagHelperOutput("session-lifetime", [], static (_, _) => Task.FromResult<TagHelperContent>(new DefaultTagHelperContent()));
        helper.Process(new TagHelperContext([], new Dictionary<object, object>(), "1"), output);
        using var writer = new StringWriter();
        output.WriteTo(writer, System.Text.Encodings.Web.HtmlEncoder.Default);
        context.Response.ContentType = "text/html";
        await context.Response.WriteAsync($"<h1>{context.GetTabSession()?.Id}</h1>{writer}");
    }

    /// <summary>Opens the page on the first server, as a browser does that has not been here.</summary>
    private async Task<(string Session, string Token, string Cookie)> OpenAsync(string? cookie)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, _apps[0].Urls.First() + "/");
        request.Headers.Add("Sec-Fetch-Mode", "navigate");
        request.Headers.Add("Sec-Fetch-Dest", "document");
        request.Headers.Add("Accept", "text/html");
        if (cookie is not null)
        {
            request.Headers.Add("Cookie", cookie);
        }

        using var answer = await _client.SendAsync(request);
        var page = await answer.Content.ReadAsStringAsync();
        var set = answer.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies : [];
        return (Heading().Match(page).Groups["id"].Value, Token().Match(page).Groups["token"].Value, string.Join("; ", set.Select(static one => one.Split(';')[0])));
    }

    private async Task<string> AttachAsync(int server, string token, string cookie)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _apps[server].Urls.First() + "/_session/attach") { Content = JsonContent.Create(new { page = "p1", tab = "t1", handOver = token }) };
        if (cookie.Length > 0)
        {
            request.Headers.Add("Cookie", cookie);
        }

        using var answer = await _client.SendAsync(request);
        return (string)(await answer.Content.ReadFromJsonAsync<JsonNode>())!["session"]!;
    }

    [GeneratedRegex("<h1>(?<id>[^<]*)</h1>", RegexOptions.ExplicitCapture)]
    private static partial Regex Heading();

    [GeneratedRegex("data-hand-over=\"(?<token>[^\"]{22})\"", RegexOptions.ExplicitCapture)]
    private static partial Regex Token();
}
