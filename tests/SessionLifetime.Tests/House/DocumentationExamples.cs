using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SessionLifetime.Http.Navigation;

#pragma warning disable CA1822, CA1848, CA1873, IDE0060, IDE0059, S1144 // As a page writes it.

namespace SessionLifetime.Tests.House;

/// <summary>The C# of the pages, compiled. <see cref="DocumentationTests"/> sees to it that both say the same.</summary>
internal static class DocumentationExamples
{
    public static void Options(WebApplicationBuilder builder)
    {
        builder.Services.AddSessionLifetime(options => options.SessionTimeout = TimeSpan.FromMinutes(3));
        builder.Services.AddSessionLifetime(builder.Configuration.GetSection("SessionLifetime"));
    }

    public static void Delegates(WebApplicationBuilder builder)
    {
        builder.Services.AddSessionLifetime()
            .OnSessionTimeout(context => context.Handled = KeepsRunning(context.Session))
            .OnApplicationExit(async (context, cancellationToken) => await ReleaseAsync(context.Session.Id, cancellationToken));
    }

    public static void Handlers(WebApplicationBuilder builder, WebApplication app)
    {
        builder.Services.AddSessionLifetime().AddHandler<AuditHandler>();

        var events = app.Services.GetRequiredService<SessionLifetimeEvents>();
        events.SessionTimeout += (sender, e) => e.Handled = true;
    }

    public static void Endpoints(WebApplication app)
    {
        app.MapGet("/poll", () => "still there").WithSessionSignal(SessionSignal.Alive);   // the page is open, no more
        app.MapGet("/clock", () => "12:00").WithSessionSignal(SessionSignal.None);         // nothing at all
        app.MapPost("/order", () => "done").RequireTabSession();                           // 428, 404, 410 or 403 without a session
        app.MapGet("/public", () => "hello").DisableTabSession();                          // never looks for one
        app.MapGet("/shop", () => "a page").StartTabSession();                             // starts one for who opens it without
        app.MapPost("/report", () => "long").WithRequestHold(TimeSpan.FromHours(1));      // is no idleness for so long; others for MaxRequestHold
        app.MapPost("/leave", (HttpContext context) => context.ExitAndRedirectAsync("~/bye.html"));
    }

    public static void PlainPages(WebApplicationBuilder builder)
    {
        builder.Services.AddSessionLifetime(options => options.ExpiredPath = "/expired")
            .AddNavigationRelay()               // with script: each tab has its own session
            .AddCookieTransport()               // without: the browser has one
            .AddHttpSession();                  // TempData and HttpContext.Session go with them
    }

    public static void Cors(WebApplicationBuilder builder, string site)
    {
        builder.Services.AddCors(cors => cors.AddDefaultPolicy(policy => policy
            .WithOrigins(site)                                         // where the pages come from
            .AllowCredentials()
            .WithMethods("GET", "POST")
            .WithHeaders("Content-Type", "X-Session-Id", "X-Session-Page")
            .WithExposedHeaders("X-Session-Id", "X-Session-State", "X-Session-Location", "X-Session-Signal")));
    }

    public static void UseCors(WebApplication app)
    {
        app.UseCors();
        app.UseSessionLifetime();
        app.MapSessionLifetime();
    }

    public static void Owned(WebApplicationBuilder builder)
    {
        builder.Services.AddSessionLifetime()
            .AddSessionScoped<ShoppingCart>()                                                                   // one for each tab
            .AddSessionScoped<IDocument, Document>()
            .AddSessionScoped(services => new Workbook(services.GetRequiredService<TimeProvider>()))
            .AddSessionScoped(typeof(IRepository<>), typeof(Repository<>));                                     // SessionScoped<IRepository<Order>>
    }

    public static void UseOwned(WebApplication app)
    {
        app.MapGet("/cart", (ShoppingCart cart) => cart.Lines).RequireTabSession();
        app.MapGet("/orders", (SessionScoped<IRepository<Order>> orders) => orders.Value.All()).RequireTabSession();
        app.MapGet("/who", (ITabSessionAccessor accessor) => accessor.Session?.Id ?? "no session");
        app.MapPost("/open/{name}", (HttpContext context, string name) => context.GetTabSession()!.Items.GetOrAdd(name, () => new Workbook(TimeProvider.System)).Open());
    }

    public static void Serialized(WebApplication app)
    {
        app.MapPost("/save", (ShoppingCart cart) => cart.Save()).RequireTabSession().SerializePerSession(TimeSpan.FromSeconds(10));
    }

    public static void HttpSession(WebApplicationBuilder builder)
    {
        builder.Services.AddSessionLifetime().AddHttpSession(http => http.StartOnWrite = false);
    }

    public static void SignOut(WebApplication app)
    {
        app.MapPost("/sign-out", async (HttpContext context) =>
        {
            await context.SignOutAsync();
            await context.ExitAndRedirectAsync("~/bye.html");            // the session ends, and what it held is gone; or:
            // await context.GetTabSession()!.ReleaseUserAsync();        // it goes on without a user, under a new id
        }).RequireTabSession();
        app.MapPost("/end-my-other-sessions", (HttpContext context, ISessionLifetime sessions) =>
        {
            var session = context.GetTabSession()!;
            return sessions.EndAllAsync(session.User!, except: session);
        }).RequireAuthorization().RequireTabSession();
        app.MapGet("/my-sessions", async (HttpContext context, ISessionLifetime sessions) =>
        {
            var mine = await sessions.ListAsync(new SessionQuery { User = context.GetTabSession()!.User ?? "" });
            return mine.Select(session => new { session.Id, session.LastActivity });
        }).RequireAuthorization().RequireTabSession();
    }

    public static void Administration(WebApplication app)
    {
        app.MapGet("/admin/sessions", async (ISessionLifetime sessions, string? after) =>
        {
            var page = await sessions.ListAsync(new SessionQuery { After = after, PageSize = 50 });
            return new { sessions.Count, Sessions = page.Select(session => new { session.Id, session.User, session.State, session.LastActivity }) };
        }).RequireAuthorization("admins");
        app.MapDelete("/admin/sessions/{id}", async (ISessionLifetime sessions, string id) =>
            await sessions.EndAsync(id) ? Results.NoContent() : Results.NotFound()).RequireAuthorization("admins");
    }

    public static void Health(WebApplicationBuilder builder)
    {
        builder.Services.AddHealthChecks().AddSessionLifetime();
    }

    public static void Embedded(WebApplicationBuilder builder)
    {
        builder.Services.AddSessionLifetime().ConfigureBrowserCookie(cookie =>
        {
            cookie.SameSite = SameSiteMode.None;
            cookie.SecurePolicy = CookieSecurePolicy.Always;
            cookie.Extensions.Add("Partitioned");
        });
        builder.Services.AddRateLimiter(limiter => limiter.AddPolicy("sessions", context => RateLimitPartition.GetTokenBucketLimiter(
            context.Connection.RemoteIpAddress,
            _ => new() { TokenLimit = 100, TokensPerPeriod = 50, ReplenishmentPeriod = TimeSpan.FromSeconds(10) })));
    }

    public static void UseRateLimiter(WebApplication app)
    {
        app.UseRateLimiter();
        app.MapSessionLifetime().RequireRateLimiting("sessions");
    }

    public static void Realtime(WebApplicationBuilder builder, WebApplication app)
    {
        app.UseWebSockets();                                                               // before UseSessionLifetime()
        app.UseSessionLifetime();
        app.MapSessionLifetime();
        app.Map("/feed", (HttpContext context) => FeedAsync(context)).RequireTabSession();
        app.MapGet("/next", (CancellationToken aborted) => NextAsync(aborted)).EndWithSession();           // a long poll

        builder.Services.AddSignalR().AddSessionLifetime();

        app.MapHub<ChatHub>("/chat").RequireTabSession();

        builder.Services.AddRazorComponents().AddInteractiveServerComponents().AddSessionLifetime();
    }

    private static Task FeedAsync(HttpContext context) => Task.CompletedTask;

    private static Task<string> NextAsync(CancellationToken cancellationToken) => Task.FromResult("");

    public sealed class ChatHub(ShoppingCart cart, IHubContext<ChatHub> hub) : Hub
    {
        public Task Share(string session) => hub.Clients.TabSession(session).SendAsync("cart", Context.GetTabSession()!.Id, cart.Lines);

        [SessionSignal(SessionSignal.Alive)]
        public int Poll() => cart.Lines.Count;
    }

    [StartTabSession, RequireTabSession]
    public sealed class CartModel(ShoppingCart cart) : PageModel
    {
        public IActionResult OnPost(string item)
        {
            cart.Lines.Add(item);
            return RedirectToPage();
        }
    }

    public sealed class SignOutModel(ISessionLifetime sessions) : PageModel
    {
        public async Task<IActionResult> OnPostAsync()
        {
            if (HttpContext.GetTabSession()?.User is { } user)
            {
                await sessions.EndAllAsync(user);
            }

            await HttpContext.SignOutAsync();
            await HttpContext.ExitAndRedirectAsync("~/bye.html");
            return new EmptyResult();                                    // it has answered
        }
    }

    private static bool KeepsRunning(TabSession session) => session.OpenPages > 0;

    private static Task ReleaseAsync(string session, CancellationToken cancellationToken) => Task.CompletedTask;

    public interface IDocument;

    public interface IRepository<T>
    {
        IReadOnlyList<T> All();
    }

    public sealed class Document : IDocument;

    public sealed class Repository<T> : IRepository<T>
    {
        public IReadOnlyList<T> All() => [];
    }

    public sealed record Order(string Item);

    public sealed class Workbook(TimeProvider time)
    {
        public DateTimeOffset Open() => time.GetUtcNow();
    }

    public sealed class ShoppingCart
    {
        public List<string> Lines { get; } = [];

        public int Save() => Lines.Count;
    }

    public sealed class AuditHandler(ILogger<AuditHandler> log) : SessionLifetimeHandler
    {
        public override ValueTask OnApplicationExitAsync(ApplicationExitContext context, CancellationToken cancellationToken)
        {
            log.LogInformation("Session {Session} ended: {Reason}", context.Session.Id, context.Reason);
            return default;
        }
    }
}
