using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace SessionLifetime.Tests.Http.Navigation;

/// <summary>A page that was rendered for one tab is shown to no other, whatever caches the app has and wherever they stand.</summary>
public sealed class PageCacheTests
{
    public static TheoryData<bool, bool, string> Caches => new()
    {
        { true, true, "/cached" },
        { true, false, "/cached" },
        { false, true, "/cached" },
        { false, false, "/cached" },
        { true, false, "/marked" },
        { false, false, "/marked" },
        { false, false, "/stubborn" },
        { false, false, "/based" },
        { false, false, "/nowhere" },
    };

    [Theory]
    [MemberData(nameof(Caches))]
    public async Task The_output_cache_gives_no_page_of_one_tab_to_another(bool relays, bool isBefore, string path)
    {
        await using var app = await StartAsync(relays, isBefore);
        var (one, two) = (await ArriveAsync(app, relays), await ArriveAsync(app, relays));

        var (first, second) = (await OpenAsync(one, relays, path), await OpenAsync(two, relays, path));

        Assert.NotEqual("none", first.Text);
        Assert.NotEqual("none", second.Text);
        Assert.NotEqual(first.Text, second.Text);
        Assert.Equal("none", (await app.GetAsync(path, id: null)).Text);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_tab_is_not_shown_what_the_output_cache_behind_us_holds_for_everybody(bool relays)
    {
        await using var app = await StartAsync(relays, isBefore: false);
        var surfer = await ArriveAsync(app, relays);

        Assert.Equal("none", (await app.GetAsync("/cached", id: null)).Text);
        Assert.Equal("0", (await app.GetAsync("/cached", id: null)).Header("Age") ?? "0");
        Assert.NotEqual("none", (await OpenAsync(surfer, relays, "/cached")).Text);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task Response_caching_gives_no_page_of_one_tab_to_another(bool relays, bool varies)
    {
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.Services = static builder => builder.Services.AddResponseCaching();
            setup.Sessions = sessions => _ = relays ? sessions.AddNavigationRelay() : sessions.AddCookieTransport();
            setup.Before = static web => web.UseResponseCaching();
            setup.Map = web =>
            {
                web.MapGet("/start", Page).StartTabSession();
                web.MapGet("/public", (HttpContext context) =>
                {
                    context.Response.Headers.CacheControl = "public,max-age=60";
                    context.Response.Headers.Vary = varies ? new StringValues("Accept-Encoding") : default;
                    return Page(context);
                });
            };
        });
        var (one, two) = (await ArriveAsync(app, relays), await ArriveAsync(app, relays));

        var (first, second) = (await OpenAsync(one, relays, "/public"), await OpenAsync(two, relays, "/public"));

        Assert.NotEqual("none", first.Text);
        Assert.NotEqual("none", second.Text);
        Assert.NotEqual(first.Text, second.Text);
        Assert.Equal("no-store", second.Header("Cache-Control"));
        Assert.Equal("none", (await app.GetAsync("/public", id: null)).Text);
    }

    [Fact]
    public async Task An_endpoint_is_the_same_but_for_the_cache_and_is_copied_once()
    {
        await using var app = await StartAsync(relays: true, isBefore: false);
        var surfer = await Surfer.ArriveAsync(app);
        var plain = (await app.GetAsync("/endpoint", id: null)).Text;

        var first = (await OpenAsync(surfer, relays: true, "/endpoint")).Text;

        Assert.Equal(plain.Split(' ')[..^1], first.Split(' ')[..^1]);
        Assert.NotEqual(plain, first);
        Assert.Equal(first, (await OpenAsync(surfer, relays: true, "/endpoint")).Text);
    }

    private static string Page(HttpContext context) => context.GetTabSession()?.Id ?? "none";

    private static async Task<Surfer> ArriveAsync(SessionApp app, bool relays)
    {
        if (relays)
        {
            return await Surfer.ArriveAsync(app);
        }

        var surfer = new Surfer(app);
        Assert.NotEqual("none", (await surfer.OpenAsync("/start")).Text);
        return surfer;
    }

    private static async Task<Answer> OpenAsync(Surfer surfer, bool relays, string path)
    {
        if (relays)
        {
            await surfer.LeaveAsync();
        }

        return await surfer.OpenAsync(path);
    }

    private static Task<SessionApp> StartAsync(bool relays, bool isBefore) => SessionApp.StartAsync(setup =>
    {
        setup.Services = static builder => builder.Services.AddOutputCache(static options =>
        {
            options.AddPolicy("stubborn", new Stubborn());
            options.AddBasePolicy(static policy => policy.With(static cached => cached.HttpContext.Request.Path != "/endpoint").Cache());
        });
        setup.Sessions = sessions => _ = relays ? sessions.AddNavigationRelay() : sessions.AddCookieTransport();
        setup.Before = web =>
        {
            web.UseRouting();
            _ = isBefore ? web.UseOutputCache() : web;
        };
        setup.Map = web =>
        {
            _ = isBefore ? web : web.UseOutputCache();
            web.MapGet("/start", Page).StartTabSession();
            web.MapGet("/cached", Page).CacheOutput();
            web.MapGet("/marked", [OutputCache(Duration = 60)] (HttpContext context) => Page(context));
            web.MapGet("/stubborn", Page).CacheOutput("stubborn");
            web.MapGet("/based", Page);
            web.MapGet("/endpoint", static (HttpContext context) =>
                $"{context.GetEndpoint()!.DisplayName} {context.GetEndpoint()!.GetType().Name} {context.GetEndpoint()!.GetHashCode()}");
            web.Use(static (context, next) => context.Request.Path == "/nowhere" ? context.Response.WriteAsync(Page(context)) : next(context));
        };
    });

    /// <summary>An app's own policy that heeds nothing.</summary>
    private sealed class Stubborn : IOutputCachePolicy
    {
        public ValueTask CacheRequestAsync(OutputCacheContext context, CancellationToken cancellation)
        {
            context.EnableOutputCaching = context.AllowCacheLookup = context.AllowCacheStorage = context.AllowLocking = true;
            return default;
        }

        public ValueTask ServeFromCacheAsync(OutputCacheContext context, CancellationToken cancellation) => default;

        public ValueTask ServeResponseAsync(OutputCacheContext context, CancellationToken cancellation)
        {
            context.AllowCacheStorage = true;
            return default;
        }
    }
}
