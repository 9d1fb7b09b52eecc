using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SessionLifetime.Benchmarks;
using SessionLifetime.Entries;
using SessionLifetime.Ids;

namespace SessionLifetime.Soak.Speed;

/// <summary>An app in this process: everything that stands in its pipeline, and no sockets around it.</summary>
internal sealed class SpeedApp : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly RequestDelegate _run;
    private readonly ConcurrentBag<Lane> _lanes = [];

    private SpeedApp(IHost host, RequestDelegate run) => (_host, _run) = (host, run);

    public IServiceProvider Services => _host.Services;

    public static async Task<SpeedApp> StartAsync(Action<IServiceCollection> services, Action<IApplicationBuilder> configure, RequestDelegate? endpoint = null)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        services(builder.Services);
        var host = builder.Build();
        var app = new ApplicationBuilder(host.Services);
        configure(app);
        app.Run(endpoint ?? (static _ => Task.CompletedTask));
        await host.StartAsync();
        return new(host, app.Build());
    }

    /// <summary>One with sessions of the library.</summary>
    public static Task<SpeedApp> OfOursAsync(Action<SessionLifetimeBuilder> store, Action<SessionLifetimeOptions>? configure = null, RequestDelegate? endpoint = null) => StartAsync(
        services => store(services.AddSessionLifetime(options =>
        {
            options.MaxSessions = 10_000_000;
            configure?.Invoke(options);
        })),
        static app => app.UseSessionLifetime(),
        endpoint);

    public Lane Rent() => _lanes.TryTake(out var lane) ? lane : new(_run, _host.Services);

    public Lane Make() => new(_run, _host.Services);

    public void Return(Lane lane) => _lanes.Add(lane);

    /// <summary>Starts sessions, many at a time.</summary>
    public async Task<Visitor[]> StartSessionsAsync(int count)
    {
        var visitors = new Visitor[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 256 }, async (index, _) =>
        {
            var key = BrowserKey.Create();
            var page = BrowserKey.Create().Reveal();
            var entry = await StartAsync(key, page);
            visitors[index] = new(entry.Id.ToString(), entry.Secret.Reveal(), page, $"SessionLifetime.Browser={key.Reveal()}");
        });
        return visitors;
    }

    /// <summary>Starts sessions whose browsers nobody keeps.</summary>
    public Task StartAndForgetAsync(int count) => Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 256 }, async (_, _) =>
        await StartAsync(BrowserKey.Create(), page: null));

    /// <summary>Starts a session. A loaded machine may be too slow for the store's time limit: then again, a second later.</summary>
    private async Task<SessionEntry> StartAsync(BrowserKey browser, string? page)
    {
        while (true)
        {
            try
            {
                return await Services.StartSessionAsync(browser, page);
            }
            catch (SessionStoreUnavailableException)
            {
                await Task.Delay(TimeSpan.FromSeconds(1));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
