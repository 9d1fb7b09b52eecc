using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SessionLifetime.Engine;
using SessionLifetime.Realtime;
using SessionLifetime.Setup;
using SessionLifetime.Tests.Http;

namespace SessionLifetime.Tests.Realtime;

/// <summary>Hubs and circuits of an app that has forgotten to give them to sessions: said at start, and where a session is missed.</summary>
public sealed class ForgottenPartTests
{
    [Fact]
    public async Task A_hub_without_its_part_is_warned_of_at_start_and_told_the_cure()
    {
        await using var app = await StartAsync(
            static services => services.AddSignalR(options => options.EnableDetailedErrors = true),
            static web => web.MapHub<NotingHub>("/hub"));
        using var hub = await HubSocket.ConnectAsync(app, "/hub", await app.StartSessionAsync());

        Assert.Contains("In a hub: call AddSignalR().AddSessionLifetime().", await hub.InvokeAsync("Note"), StringComparison.Ordinal);
        Assert.StartsWith("The hub NotingHub is mapped, and hubs were not given to sessions", Assert.Single(WarningsOf(app)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hub_with_its_part_or_without_sessions_is_not_warned_of()
    {
        await using var app = await StartAsync(static services => services.AddSignalR().AddSessionLifetime(), static web => web.MapHub<NotingHub>("/hub"));
        await using var other = await StartAsync(static services => services.AddSignalR(), static web => web.MapHub<NotingHub>("/hub").DisableTabSession());

        Assert.Empty(WarningsOf(app));
        Assert.Empty(WarningsOf(other));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Circuits_without_their_part_are_warned_of_at_start(bool isThere)
    {
        await using var app = await StartAsync(
            services =>
            {
                var blazor = services.AddServerSideBlazor();
                if (isThere)
                {
                    blazor.AddSessionLifetime();
                }
            },
            static web => web.MapBlazorHub());

        Assert.Equal(isThere ? 0 : 1, WarningsOf(app).Count(static text => text.Contains("AddInteractiveServerComponents().AddSessionLifetime()", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_component_without_a_session_is_told_why()
    {
        var forgotten = new ServiceCollection();
        forgotten.AddLogging().AddSessionLifetime().AddSessionScoped<Notes>();
        forgotten.AddRazorComponents().AddInteractiveServerComponents();
        await using var without = forgotten.BuildServiceProvider();
        await using (var scope = without.CreateAsyncScope())
        {
            Assert.Contains("In a circuit: call AddInteractiveServerComponents().AddSessionLifetime().", Ask(scope), StringComparison.Ordinal);
        }

        forgotten.AddRazorComponents().AddInteractiveServerComponents().AddSessionLifetime();
        await using var with = forgotten.BuildServiceProvider();
        await using (var prerendering = with.CreateAsyncScope())
        {
            var told = Ask(prerendering);
            Assert.Contains("A component has none while it is prerendered.", told, StringComparison.Ordinal);
            Assert.Contains("ValueIfAny", told, StringComparison.Ordinal);
            Assert.DoesNotContain("AddInteractiveServerComponents", told, StringComparison.Ordinal);
        }

        await using var circuit = with.CreateAsyncScope();
        Assert.Contains(circuit.ServiceProvider.GetServices<CircuitHandler>(), static handler => handler is SessionCircuitHandler);
        Assert.Contains("this circuit has no session", Ask(circuit), StringComparison.Ordinal);
        Assert.Contains("autostart=\"false\"", Ask(circuit), StringComparison.Ordinal);
    }

    private static string Ask(AsyncServiceScope scope) =>
        Assert.Throws<InvalidOperationException>(() => scope.ServiceProvider.GetRequiredService<Notes>()).Message;

    private static IEnumerable<string> WarningsOf(SessionApp app) => app.Log.Lines
        .Where(static line => line.Level == LogLevel.Warning && line.Category == typeof(StartupWarnings).FullName)
        .Select(static line => line.Text);

    private static Task<SessionApp> StartAsync(Action<IServiceCollection> services, Action<WebApplication> map) => SessionApp.StartAsync(setup =>
    {
        setup.Kestrel = true;
        setup.ExpectsErrors = true;
        setup.Sessions = static sessions => sessions.AddSessionScoped<Notes>();
        setup.Services = builder =>
        {
            services(builder.Services);

            // Nobody but the test sweeps.
            foreach (var sweep in builder.Services.Where(static service => service.ImplementationType == typeof(SessionSweepService)).ToList())
            {
                builder.Services.Remove(sweep);
            }
        };
        setup.Map = map;
    });

    public sealed class Notes;

    public sealed class NotingHub(IServiceProvider services) : Hub
    {
        public string Note()
        {
            try
            {
                services.GetRequiredService<Notes>();
                return "here";
            }
            catch (InvalidOperationException missing)
            {
                return missing.Message;
            }
        }

        public string Poll() => Context.ConnectionId;
    }
}
