using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime;
using SessionLifetime.Browser;
using SessionLifetime.Configuration;
using SessionLifetime.Diagnostics;
using SessionLifetime.Directories;
using SessionLifetime.Engine;
using SessionLifetime.Events;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Endpoints;
using SessionLifetime.Http.Lifecycle;
using SessionLifetime.Http.Navigation;
using SessionLifetime.Http.Requests;
using SessionLifetime.Http.Tokens;
using SessionLifetime.Realtime;
using SessionLifetime.Policy;
using SessionLifetime.Sessions;
using SessionLifetime.Scheduling;
using SessionLifetime.Setup;
using SessionLifetime.Time;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds SessionLifetime to an app's services.</summary>
public static class SessionLifetimeServiceCollectionExtensions
{
    /// <summary>
    /// Gives every browser tab its own server session, which ends exactly once for a known reason. Then call <c>app.UseSessionLifetime()</c> and
    /// <c>app.MapSessionLifetime()</c>. Calling it again is harmless: options add up.
    /// </summary>
    /// <param name="services">The app's services.</param>
    /// <param name="configure">Sets options; they are checked when the app starts. Null: the defaults.</param>
    /// <returns>A builder, to add handlers and the parts an app opts in to.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is null.</exception>
    public static SessionLifetimeBuilder AddSessionLifetime(this IServiceCollection services, Action<SessionLifetimeOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<SessionLifetimeOptions>().ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        AddServices(services);
        return new SessionLifetimeBuilder(services);
    }

    /// <summary>As the other overload, with options bound from a configuration section.</summary>
    /// <param name="services">The app's services.</param>
    /// <param name="section">Usually <c>builder.Configuration.GetSection("SessionLifetime")</c>. Its section <c>BrowserCookie</c> is bound to the
    /// browser cookie.</param>
    /// <returns>A builder, to add handlers and the parts an app opts in to.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> or <paramref name="section"/> is null.</exception>
    public static SessionLifetimeBuilder AddSessionLifetime(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(section);
        services.AddOptions<SessionLifetimeOptions>().Bind(section);
        services.AddOptions<BrowserCookieOptions>().Configure(options => section.GetSection("BrowserCookie").Bind(options.Cookie));
        services.AddSingleton(new HandedConfiguration(section));
        return services.AddSessionLifetime();
    }

    private static void AddServices(IServiceCollection services)
    {
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SessionLifetimeOptions>, SessionLifetimeOptionsValidator>());

        services.TryAddSingleton(static provider => new SessionClock(provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(static provider => new ProcessClock(provider.GetRequiredService<SessionClock>()));
        services.TryAddSingleton(static provider => new SessionDirectory(
            provider.GetRequiredService<SessionClock>(),
            SessionDirectoryLimits.Of(provider.GetRequiredService<IOptions<SessionLifetimeOptions>>().Value)));

        services.TryAddSingleton(static provider =>
        {
            var directory = provider.GetRequiredService<SessionDirectory>();
            return new SessionMetrics(provider.GetRequiredService<IMeterFactory>(), () => directory.Count);
        });
        services.TryAddSingleton<SweepHeartbeat>();
        services.TryAddSingleton<SessionLifetimeEvents>();
        services.TryAddSingleton(static provider =>
        {
            var options = provider.GetRequiredService<IOptions<SessionLifetimeOptions>>().Value;
            var logger = provider.GetRequiredService<ILogger<HandlerWatch>>();
            var (clock, time) = (provider.GetRequiredService<ProcessClock>(), provider.GetRequiredService<TimeProvider>());
            return new HandlerWatch(clock, time, options.HandlerTimeout, options.MaxConcurrentHandlers, logger.HandlersWait);
        });

        // All handlers and disposals that may run at once may block their threads, and work goes on.
        services.TryAddSingleton(static provider => new HandlerThreads(
            (2 * provider.GetRequiredService<IOptions<SessionLifetimeOptions>>().Value.MaxConcurrentHandlers) + Environment.ProcessorCount));
        services.TryAddSingleton<IWorkScheduler, WorkScheduler>();
        services.TryAddSingleton<HandlerRunner>();
        services.TryAddSingleton<SessionEventDispatcher>();

        services.TryAddSingleton<SessionDisposer>();
        services.TryAddSingleton<SessionLeave>();
        services.TryAddSingleton<ConnectionCloser>();
        services.TryAddSingleton(static provider => new TabSessions(provider.GetRequiredService<ITabSessionController>));
        services.TryAddSingleton(static provider => new TimingsInForce(provider.GetRequiredService<IOptions<SessionLifetimeOptions>>().Value));
        services.TryAddSingleton<SessionEndings>();
        services.TryAddSingleton<SessionEngine>();
        services.TryAddSingleton<AllSessions>();
        services.TryAddSingleton<SessionOwnership>();
        services.TryAddSingleton<ITabSessionController, SessionController>();
        services.TryAddSingleton<SessionArrivals>();
        services.TryAddSingleton<SessionSweeper>();
        services.TryAddSingleton<ISessionLifetime, SessionLifetimeService>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, StartupWarnings>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SessionClockService>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SessionSweepService>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, SessionShutdownService>());

        services.TryAddScoped<TabSessionAccessor>();
        services.TryAddScoped<ITabSessionAccessor>(static provider => provider.GetRequiredService<TabSessionAccessor>());
        services.TryAddScoped(typeof(SessionScoped<>));

        services.AddOptions<BrowserCookieOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<BrowserCookieOptions>, BrowserCookieOptionsValidator>());
        services.TryAddSingleton<SetupCalls>();
        services.TryAddSingleton<IPipelinePlace>(static provider => provider.GetRequiredService<SetupCalls>());
        services.TryAddSingleton<BrowserCookie>();
        services.TryAddSingleton<SessionGuard>();
        services.TryAddSingleton<LateAuthenticationGuard>();
        services.TryAddSingleton<IEndpointAdmission>(static provider => provider.GetRequiredService<LateAuthenticationGuard>());
        services.TryAddSingleton<SessionFinder>();
        services.TryAddSingleton<LifecycleCalls>();
        services.TryAddSingleton<StatusCall>();
        services.TryAddSingleton<AttachCall>();
        services.TryAddSingleton<SignalCalls>();
        services.TryAddSingleton<ExitCall>();
        services.TryAddSingleton<DetachCall>();
        services.TryAddSingleton<StretchCall>();
        services.TryAddSingleton<HandOvers>();
        services.TryAddSingleton<PageCaches>();
        services.TryAddSingleton<ForeignRedirects>();
        services.TryAddSingleton<PlainPages>();
        services.TryAddSingleton<OneTimeTokens>();
        services.TryAddSingleton<IConnections, RealtimeConnections>();
        services.TryAddSingleton<OpenHubConnections>();
        services.TryAddSingleton<HubWebSockets>();
        services.TryAddSingleton<MessageCounter>();
        services.TryAddSingleton<TicketCall>();
        services.TryAddSingleton(static provider => new AnswerHeaders(provider.GetRequiredService<IOptions<SessionLifetimeOptions>>().Value.IdHeaderName));
        services.TryAddSingleton<RequestFailures>();
        services.TryAddSingleton<SessionRequestPool>();
        services.TryAddSingleton<SessionRequestQueues>();
        services.TryAddSingleton<SessionlessRequests>();
        services.TryAddSingleton(static _ => new BrowserModule());
        services.TryAddSingleton<BrowserModuleAddress>();
        services.TryAddSingleton<PlainPageMarkup>();
        services.TryAddSingleton<SlidingSignIn>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IPostConfigureOptions<CookieAuthenticationOptions>, SlidingSignIn>(
            static provider => provider.GetRequiredService<SlidingSignIn>()));
    }
}
