using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SessionLifetime.Directories;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Scheduling;
using SessionLifetime.Tests.Fakes;
using SessionLifetime.Tests.Scheduling;

namespace SessionLifetime.Tests.Engine;

/// <summary>The engine without a web server: a fake clock, a sweep that runs when told, every event written down.</summary>
internal sealed class EngineHost : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    public EngineHost(
        Action<SessionLifetimeOptions>? configure = null,
        Action<SessionLifetimeBuilder>? subscribe = null,
        TimeProvider? time = null,
        ISessionBackingStore? store = null,
        SeededScheduler? seeded = null,
        Action<SessionStoreOptions>? shared = null)
    {
        Seeded = seeded;
        Time = time as FakeTimeProvider ?? new();
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(Log));
        services.AddSingleton(time ?? Time);
        services.AddSingleton<IHostApplicationLifetime, ApplicationLifetime>();
        services.AddSingleton<IHostEnvironment>(new HostingEnvironment { EnvironmentName = Environments.Production });
        if (seeded is not null)
        {
            services.AddSingleton<IWorkScheduler>(seeded);
        }

        var builder = services.AddSessionLifetime(configure);
        if (store is not null)
        {
            builder.UseBackingStore(_ => store, shared);
        }

        subscribe?.Invoke(builder);
        _services = services.BuildServiceProvider(validateScopes: true);
        Engine = _services.GetRequiredService<SessionEngine>();
        Arrivals = _services.GetRequiredService<SessionArrivals>();
        Sweeper = _services.GetRequiredService<SessionSweeper>();
        Sessions = _services.GetRequiredService<ISessionLifetime>();
        Events = _services.GetRequiredService<SessionLifetimeEvents>();
    }

    /// <summary>The scheduler of a simulation; null where threads run.</summary>
    public SeededScheduler? Seeded { get; }

    public FakeTimeProvider Time { get; }

    public LogRecorder Log { get; } = new();

    public SessionEngine Engine { get; }

    public SessionArrivals Arrivals { get; }

    public SessionSweeper Sweeper { get; }

    public ISessionLifetime Sessions { get; }

    public SessionLifetimeEvents Events { get; }

    public ConcurrentQueue<string> Heard { get; } = new();

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    /// <summary>Writes every event down as "SessionTimeout 1" or "ApplicationExit IdleTimeout".</summary>
    public EngineHost Record()
    {
        Events.SessionStarted += (_, _) => Heard.Enqueue("SessionStarted");
        Events.SessionResumed += (_, _) => Heard.Enqueue("SessionResumed");
        Events.SessionTimeout += (_, e) => Heard.Enqueue($"SessionTimeout {e.Occurrence}");
        Events.PageUnloaded += (_, e) => Heard.Enqueue($"PageUnloaded {e.Page} {e.OpenPages}");
        Events.ApplicationExit += (_, e) => Heard.Enqueue($"ApplicationExit {e.Reason}");
        return this;
    }

    /// <summary>What an attach does; null when the store takes none.</summary>
    public async Task<SessionHold?> TryStartAsync(PageId page, SessionOwner owner = default)
    {
        var (outcome, hold) = await Arrivals.StartAsync(page, PageId.None, owner, default);
        return outcome == PlacementResult.Added ? hold : null;
    }

    public async Task<SessionEntry> StartAsync(string page = "p1")
    {
        Assert.True(PageId.TryCreate(page, out var id));
        var hold = await TryStartAsync(id);
        Assert.NotNull(hold);
        Engine.Release(hold);
        return hold.Entry;
    }

    /// <summary>What a ping endpoint does; false when the session has ended.</summary>
    public async Task<bool> PingAsync(SessionEntry entry, SignalReport signal = default) =>
        await Engine.ApplyDueRulesAndWaitAsync(entry) != DueRulesResult.Ended && await Engine.TryCountAsync(entry, signal);

    /// <summary>Waits until the handlers that were asked have answered, and those of an end have run.</summary>
    public async Task SettleAsync(SessionEntry entry)
    {
        while (entry.Read().Raising && entry.Answer is { } answer)
        {
            await answer;
        }

        if (entry.Read().State == SessionState.Ended)
        {
            await Engine.TabSessionOf(entry).Completion;
        }
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
