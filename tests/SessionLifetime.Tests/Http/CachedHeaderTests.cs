using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime.Tests.Http;

/// <summary>What answers tell the browser module of its session stays with requests that carry an id, whatever caches stand where.</summary>
public sealed class CachedHeaderTests
{
    public static TheoryData<string, string, bool> Cached
    {
        get
        {
            var all = new TheoryData<string, string, bool>();
            foreach (var cache in new[] { "output-before", "output-behind", "response-before", "response-behind" })
            {
                foreach (var path in new[] { "/none", "/alive", "/disabled", "/activity" })
                {
                    all.Add(cache, path, true);
                    all.Add(cache, path, false);
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Cached))]
    public async Task A_request_without_the_id_gets_no_session_header_from_a_cache_in_either_order(string cache, string path, bool idFirst)
    {
        await using var app = await StartAsync(cache);
        var id = await app.StartSessionAsync();
        var first = await app.GetAsync(path, idFirst ? id : null);

        var second = await app.GetAsync(path, idFirst ? null : id);

        Assert.Equal(first.Text, second.Text);
        Assert.Empty(SessionHeadersOf(idFirst ? second : first));
        if (idFirst && path != "/activity")
        {
            Assert.Equal(path == "/alive" ? "alive" : "none", first.Header("X-Session-Signal"));
            Assert.Contains("X-Session-Id", first.Header("Vary")!, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Cached))]
    public async Task The_end_of_a_session_is_told_to_nobody_else_and_stored_by_no_cache(string cache, string path, bool idFirst)
    {
        await using var app = await StartAsync(cache);
        var id = await app.StartSessionAsync();
        await app.ExitAsync(id);
        var first = await app.GetAsync(path, idFirst ? id : null);

        var second = await app.GetAsync(path, idFirst ? null : id);

        Assert.Empty(SessionHeadersOf(idFirst ? second : first));
        if (idFirst && path != "/disabled")
        {
            Assert.Equal(("ended", "no-store"), (first.Header("X-Session-State"), first.Header("Cache-Control")));
        }
    }

    [Fact]
    public async Task A_304_tells_nothing_since_browsers_add_it_to_what_they_have_stored()
    {
        await using var app = await StartAsync("output-before");
        var id = await app.StartSessionAsync();
        var alive = (await app.GetAsync("/unchanged", id)).Is(HttpStatusCode.NotModified);
        await app.ExitAsync(id);
        var ended = (await app.GetAsync("/unchanged", id)).Is(HttpStatusCode.NotModified);

        Assert.Empty(SessionHeadersOf(alive));
        Assert.Empty(SessionHeadersOf(ended));
    }

    [Theory]
    [InlineData("output-before")]
    [InlineData("output-behind")]
    [InlineData("response-before")]
    public async Task An_answer_that_ended_its_session_is_given_to_no_other(string cache)
    {
        await using var app = await StartAsync(cache);
        foreach (var path in new[] { "/leave", "/exit" })
        {
            var first = await app.GetAsync(path, await app.StartSessionAsync());
            Assert.Equal(("ended", "no-store"), (first.Header("X-Session-State"), first.Header("Cache-Control")));

            Assert.Empty(SessionHeadersOf(await app.GetAsync(path, id: null)));
        }
    }

    private static IEnumerable<string> SessionHeadersOf(Answer answer) =>
        answer.Headers.Keys.Where(static header => header.StartsWith("X-Session-", StringComparison.OrdinalIgnoreCase));

    private static Task<SessionApp> StartAsync(string cache) => SessionApp.StartAsync(setup =>
    {
        var count = 0;
        setup.Services = static builder =>
        {
            builder.Services.AddOutputCache(static options => options.AddBasePolicy(static policy => policy.Cache()));
            builder.Services.AddResponseCaching();
        };
        setup.Before = web =>
        {
            web.UseRouting();
            Use(web, cache, "before");
        };
        setup.Map = web =>
        {
            Use(web, cache, "behind");
            web.MapGet("/none", Public).WithSessionSignal(SessionSignal.None);
            web.MapGet("/alive", Public).WithSessionSignal(SessionSignal.Alive);
            web.MapGet("/disabled", Public).DisableTabSession();
            web.MapGet("/activity", Public);
            web.MapGet("/unchanged", static () => Results.StatusCode(304)).WithSessionSignal(SessionSignal.None);
            web.MapGet("/leave", static (HttpContext context) => context.ExitAndRedirectAsync("/none"));
            web.MapGet("/exit", static async (HttpContext context) =>
            {
                context.Response.Headers.CacheControl = "public,max-age=60";
                await (context.GetTabSession()?.ExitAsync() ?? Task.CompletedTask);
                return "bye";
            });

            string Public(HttpContext context)
            {
                context.Response.Headers.CacheControl = "public,max-age=60";
                return $"{Interlocked.Increment(ref count)}";
            }
        };
    });

    private static void Use(WebApplication web, string cache, string place)
    {
        if (cache == "output-" + place)
        {
            web.UseOutputCache();
        }
        else if (cache == "response-" + place)
        {
            web.UseResponseCaching();
        }
    }
}
