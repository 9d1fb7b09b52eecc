using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SessionLifetime.Scoping;
using SessionLifetime.Sessions;
using SessionLifetime.Setup;
using SessionLifetime.Tests.Http;

namespace SessionLifetime.Tests.Scoping;

/// <summary>Session-scoped services as an app uses them: in endpoints, controllers, pages, scoped services and handlers.</summary>
public sealed class SessionScopedTests
{
    private readonly Ledger _ledger = new();

    [Fact]
    public async Task A_session_has_one_instance_wherever_it_is_asked_for_and_another_session_another()
    {
        await using var app = await StartAsync(static setup => setup.Services += static builder =>
        {
            builder.Services.AddControllers().AddApplicationPart(typeof(SessionScopedTests).Assembly);
            builder.Services.AddRazorPages();
        });
        var first = await app.StartSessionAsync();
        var second = await app.StartSessionAsync();

        foreach (var path in (string[])["/cart", "/checkout", "/handle", "/services", "/state/controller", "/state/action", "/State"])
        {
            Assert.Equal("1", (await app.GetAsync(path, first)).Is(HttpStatusCode.OK).Text.Trim());
        }

        Assert.Equal("2", (await app.GetAsync("/cart", second)).Text);
        Assert.Equal("1", (await app.GetAsync("/cart", first)).Text);
        Assert.Equal(2, _ledger.Made);
        Assert.DoesNotContain("Cart", _ledger.Disposed);
    }

    [Fact]
    public async Task The_request_s_scope_disposes_what_is_its_own_and_leaves_what_is_the_session_s_until_the_end()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        for (var i = 0; i < 5; i++)
        {
            (await app.GetAsync("/checkout", id)).Is(HttpStatusCode.OK);
        }

        (await app.GetAsync("/unit", id)).Is(HttpStatusCode.OK);
        await SessionApp.EventuallyAsync(() => !_ledger.Disposed.IsEmpty);
        Assert.Equal(["Unit"], _ledger.Disposed);

        (await app.ExitAsync(id)).Is(HttpStatusCode.NoContent);
        await ExpectDisposedAsync("Unit", "Document", "Unit", "Cart");
        await app.App.StopAsync();
        Assert.Equal(4, _ledger.Disposed.Count);
    }

    [Fact]
    public async Task Middleware_before_ours_may_use_it_too_once_the_request_has_its_session()
    {
        await using var app = await StartAsync(static setup => setup.Before = static app => app.Use(async (context, next) =>
        {
            await next(context);
            if (context.GetTabSession() is not null)
            {
                context.RequestServices.GetRequiredService<Cart>();
            }
        }));
        var id = await app.StartSessionAsync();
        await app.GetAsync("/nothing", id);
        Assert.Equal("1", (await app.GetAsync("/cart", id)).Text);
        Assert.Empty(_ledger.Disposed);
    }

    [Fact]
    public async Task An_error_page_with_a_scope_of_its_own_disposes_nothing_of_the_session_s()
    {
        await using var app = await StartAsync(static setup =>
        {
            setup.Before = static app => app.UseStatusCodePagesWithReExecute("/cart", createScopeForStatusCodePages: true);
            setup.Map += static app => app.MapGet("/missing", (Cart _) => Results.NotFound());
        });
        var id = await app.StartSessionAsync();
        Assert.Equal("1", (await app.GetAsync("/missing", id)).Is(HttpStatusCode.NotFound).Text);
        Assert.Equal("1", (await app.GetAsync("/cart", id)).Text);
        Assert.Empty(_ledger.Disposed);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA")]
    public async Task Without_a_session_the_exception_names_the_service_and_the_cures_and_the_accessor_gives_null(string? id)
    {
        await using var app = await StartAsync();
        var answer = (await app.GetAsync("/try", id)).Is(HttpStatusCode.OK).Text;

        Assert.Contains("SessionLifetime.Tests.Scoping.Cart", answer, StringComparison.Ordinal);
        Assert.Contains("no session id", answer, StringComparison.Ordinal);
        Assert.Contains("RequireTabSession()", answer, StringComparison.Ordinal);
        Assert.Contains("ITabSessionAccessor", answer, StringComparison.Ordinal);
        Assert.Equal("none", (await app.GetAsync("/perhaps", id)).Text);
        Assert.Equal("1", (await app.GetAsync("/perhaps", await app.StartSessionAsync())).Text);
    }

    [Fact]
    public void A_singleton_that_asks_for_one_is_refused_when_the_container_is_built()
    {
        var services = new ServiceCollection().AddLogging().AddSingleton(_ledger).AddSingleton<Unit>();
        services.AddSessionLifetime().AddSessionScoped<Cart>();
        services.AddSingleton(typeof(Box<>)).AddSingleton<Greedy>();

        var fault = Assert.Throws<AggregateException>(() => services.BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true, ValidateOnBuild = true }));
        Assert.Contains("Cannot consume scoped service 'SessionLifetime.Tests.Scoping.Cart' from singleton", fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_dependency_that_is_missing_is_found_when_the_container_is_built()
    {
        var services = new ServiceCollection().AddLogging();
        services.AddSessionLifetime().AddSessionScoped<Cart>();

        var fault = Assert.Throws<AggregateException>(() => services.BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true, ValidateOnBuild = true }));
        Assert.Contains("'SessionLifetime.Tests.Scoping.Ledger'", fault.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_dependencies_come_from_the_session_s_own_scope_and_factories_and_open_generics_work()
    {
        await using var app = await StartAsync(setup =>
        {
            setup.Sessions += static sessions => sessions
                .AddSessionScoped<List<string>>(static services => [services.GetRequiredService<Cart>().Number.ToString(System.Globalization.CultureInfo.InvariantCulture)])
                .AddSessionScoped(typeof(Box<>), typeof(Box<>));
            setup.Map += static app =>
            {
                app.MapGet("/dependencies", (IDocument document, Cart cart, Unit unit) =>
                    $"{ReferenceEquals(((Document)document).Cart, cart)} {ReferenceEquals(((Document)document).Unit, unit)}");
                app.MapGet("/list", (List<string> list) => list.Single());
                app.MapPost("/box", (SessionScoped<Box<string>> box) => box.Value.Content = "kept");
                app.MapGet("/box", (SessionScoped<Box<string>> box, SessionScoped<Box<int>> other) => box.Value.Content + other.Value.Content);
            };
        });
        var id = await app.StartSessionAsync();

        Assert.Equal("True False", (await app.GetAsync("/dependencies", id)).Text);
        Assert.Equal("1", (await app.GetAsync("/list", id)).Text);
        (await app.SendAsync(HttpMethod.Post, "/box", id)).Is(HttpStatusCode.OK);
        Assert.Equal("kept0", (await app.GetAsync("/box", id)).Text);
        Assert.Equal("0", (await app.GetAsync("/box", await app.StartSessionAsync())).Text);
    }

    [Fact]
    public async Task What_cannot_be_made_now_is_made_by_the_next_request_and_a_circle_is_named()
    {
        var attempts = 0;
        await using var app = await StartAsync(setup =>
        {
            setup.Sessions += sessions => sessions
                .AddSessionScoped<string>(_ => Interlocked.Increment(ref attempts) == 1 ? throw new TimeoutException("Not yet.") : "made")
                .AddSessionScoped<Hen>()
                .AddSessionScoped<Egg>();
            setup.Map += static app =>
            {
                app.MapGet("/fails", (HttpContext context) => Try(context.RequestServices.GetRequiredService<string>));
                app.MapGet("/hen", (HttpContext context) => Try(() => context.RequestServices.GetRequiredService<Hen>().Egg.Hen.GetType().Name));
            };
        });
        var id = await app.StartSessionAsync();

        Assert.Equal("Not yet.", (await app.GetAsync("/fails", id)).Text);
        Assert.Equal("made", (await app.GetAsync("/fails", id)).Text);
        Assert.Equal("made", (await app.GetAsync("/fails", id)).Text);
        Assert.Equal(2, attempts);
        var circle = (await app.GetAsync("/hen", id)).Text;
        Assert.Contains("Hen -> SessionLifetime.Tests.Scoping.Egg -> SessionLifetime.Tests.Scoping.Hen", circle, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Handlers_have_it_too_the_exit_handlers_included()
    {
        await using var app = await StartAsync(static setup => setup.Sessions += static sessions => sessions.AddHandler<Keeper>());
        var id = await app.StartSessionAsync();
        Assert.Equal("1", (await app.GetAsync("/cart", id)).Text);
        (await app.ExitAsync(id)).Is(HttpStatusCode.NoContent);

        await ExpectDisposedAsync("started in 1", "exited with 1", "Cart");
        Assert.Equal(1, _ledger.Made);
    }

    /// <summary>What the library relies on in the framework's container, and cannot be asked for in public.</summary>
    [Fact]
    public void The_framework_s_scope_still_keeps_its_disposables_where_we_look()
    {
        using var provider = new ServiceCollection().AddSingleton(_ledger).AddScoped<Unit>().BuildServiceProvider();
        using (var scope = provider.CreateScope())
        {
            var unit = scope.ServiceProvider.GetRequiredService<Unit>();
            Assert.Equal([unit], ScopeDisposables.TakeAll(scope.ServiceProvider));
        }

        Assert.Empty(_ledger.Disposed);
        Assert.True(ScopeDisposables.IsSupported);
        ScopeDisposables.ThrowIfNotSupported(isSupported: true);
    }

    [Fact]
    public void A_container_whose_scope_keeps_its_disposables_elsewhere_is_found_out_before_anything_is_lent()
    {
        Assert.True(ScopeDisposables.HasList(typeof(ScopeOfToday)));
        Assert.False(ScopeDisposables.HasList(typeof(ScopeWithAnotherName)));
        Assert.False(ScopeDisposables.HasList(typeof(ScopeWithAnotherType)));
        Assert.Contains(
            "Inject SessionScoped<T>",
            Assert.Throws<InvalidOperationException>(static () => ScopeDisposables.ThrowIfNotSupported(isSupported: false)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_container_that_is_not_supported_is_logged_when_the_host_starts()
    {
        await using var app = await StartAsync(static setup => setup.ExpectsErrors = true);
        var warnings = app.App.Services.GetServices<IHostedService>().OfType<StartupWarnings>().Single();
        Assert.DoesNotContain(app.Log.Lines, static line => line.Text.Contains("Microsoft.Extensions.DependencyInjection", StringComparison.Ordinal));

        warnings.WarnOfContainer([], isSupported: false);
        warnings.WarnOfContainer([RegisteredFeature.ScopedServices], isSupported: true);
        Assert.DoesNotContain(app.Log.Lines, static line => line.Text.Contains("Microsoft.Extensions.DependencyInjection", StringComparison.Ordinal));

        warnings.WarnOfContainer([RegisteredFeature.ScopedServices], isSupported: false);
        Assert.Equal(
            LogLevel.Error,
            Assert.Single(app.Log.Lines, static line => line.Text.Contains("Microsoft.Extensions.DependencyInjection", StringComparison.Ordinal)).Level);
    }

    internal static string Try(Func<string> action)
    {
        try
        {
            return action();
        }
        catch (Exception exception)
        {
            return exception.Message;
        }
    }

    private Task<SessionApp> StartAsync(Action<SessionAppSetup>? configure = null) => SessionApp.StartAsync(setup =>
    {
        setup.Sessions = static sessions => sessions.AddSessionScoped<Cart>().AddSessionScoped<IDocument, Document>();
        setup.Services = builder =>
        {
            builder.Services.AddSingleton(_ledger).AddScoped<Unit>().AddScoped<Checkout>();
            builder.Host.UseServiceProviderFactory(new DefaultServiceProviderFactory(new() { ValidateScopes = true, ValidateOnBuild = true }));
        };
        setup.Map = static app =>
        {
            app.MapControllersIfAdded();
            app.MapGet("/cart", (Cart cart) => cart.Number);
            app.MapGet("/checkout", (Checkout checkout) => checkout.Session is null || ((Document)checkout.Document).Cart != checkout.Cart ? 0 : checkout.Cart.Number);
            app.MapGet("/handle", (SessionScoped<Cart> cart) => cart.Value.Number);
            app.MapGet("/services", (HttpContext context) => context.RequestServices.GetRequiredService<Cart>().Number);
            app.MapGet("/unit", (Unit unit) => unit.GetType().Name);
            app.MapGet("/nothing", () => "nothing");
            app.MapGet("/try", (HttpContext context) => Try(() => context.RequestServices.GetRequiredService<Cart>().Number.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            app.MapGet("/perhaps", (ITabSessionAccessor accessor, SessionScoped<Cart> cart) => accessor.Session is null && cart.ValueIfAny is null ? "none" : $"{cart.Value.Number}");
        };
        configure?.Invoke(setup);
    });

    private async Task ExpectDisposedAsync(params string[] expected)
    {
        await SessionApp.EventuallyAsync(() => _ledger.Disposed.Count >= expected.Length, () => string.Join(", ", _ledger.Disposed));
        Assert.Equal(expected, _ledger.Disposed);
    }

    private sealed class Greedy(Cart cart)
    {
        public Cart Cart => cart;
    }

    private sealed class Keeper(Cart cart, Ledger ledger) : SessionLifetimeHandler
    {
        public override ValueTask OnSessionStartedAsync(SessionStartedContext context, CancellationToken cancellationToken)
        {
            ledger.Disposed.Enqueue($"started in {cart.Number}");
            return default;
        }

        public override ValueTask OnApplicationExitAsync(ApplicationExitContext context, CancellationToken cancellationToken)
        {
            ledger.Disposed.Enqueue($"exited with {cart.Number}");
            return default;
        }
    }
}

internal sealed class Hen(Egg egg)
{
    public Egg Egg => egg;
}

internal sealed class Egg(Hen hen)
{
    public Hen Hen => hen;
}

#pragma warning disable CS0169, CA1823, IDE0051, IDE0044 // Fields that are looked for by name.
internal sealed class ScopeOfToday
{
    private List<object>? _disposables;
}

internal sealed class ScopeWithAnotherName
{
    private List<object>? _owned;
}

internal sealed class ScopeWithAnotherType
{
    private HashSet<object>? _disposables;
}
#pragma warning restore CS0169, CA1823, IDE0051, IDE0044

internal static class StateTestApp
{
    public static void MapControllersIfAdded(this WebApplication app)
    {
        if (app.Services.GetService<Microsoft.AspNetCore.Mvc.Infrastructure.IActionDescriptorCollectionProvider>() is not null)
        {
            app.MapControllers();
            app.MapRazorPages();
        }
    }
}

[ApiController]
public sealed class StateController(IServiceProvider services) : ControllerBase
{
    private readonly Cart _cart = services.GetRequiredService<Cart>();

    [HttpGet("/state/controller")]
    public int FromConstructor() => _cart.Number;

    [HttpGet("/state/action")]
    public int FromAction([FromServices] IDocument document) => ReferenceEquals(((Document)document).Cart, _cart) ? _cart.Number : 0;
}

public sealed class StateModel(IServiceProvider services) : PageModel
{
    public int Number { get; } = services.GetRequiredService<Cart>().Number;
}
