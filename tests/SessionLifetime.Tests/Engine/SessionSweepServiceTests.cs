using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace SessionLifetime.Tests.Engine;

public sealed class SessionSweepServiceTests
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Loop_SweepsAgainAndAgainUntilItStops()
    {
        await using var host = new EngineHost(static options =>
        {
            // The clock jumps while handlers run.
            (options.SessionTimeout, options.HandlerTimeout) = (TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        });
        host.Record();
        using var service = new SessionSweepService(
            host.Sweeper,
            Options.Create(new SessionLifetimeOptions { SweepInterval = s_interval }),
            host.Time,
            host.Get<ILogger<SessionSweepService>>());
        await service.StartAsync(default);
        for (var round = 1; round <= 3; round++)
        {
            var cell = await host.StartAsync();
            for (var tries = 0; !cell.IsEnded && tries < 10_000; tries++)
            {
                host.Time.Advance(s_interval);
                await Task.Delay(1);
            }

            Assert.True(cell.IsEnded);
        }

        await service.StopAsync(default);
        var late = await host.StartAsync();
        host.Time.Advance(s_interval * 10);
        Assert.False(late.IsEnded);
        Assert.Empty(host.Log.Errors);
    }

    [Fact]
    public async Task Loop_APassThatFails_IsLoggedAndTheNextOneComes()
    {
        var failing = true;
        await using var host = new EngineHost(options => options.SessionTimeout = TimeSpan.FromSeconds(1));
        host.Events.ApplicationExit += (_, _) => { };
        var broken = new BrokenStore(host.Engine.Store, () => failing);
        var sweeper = new SessionSweeper(
            new SessionEngine(
                broken,
                Options.Create(new SessionLifetimeOptions()),
                host.Get<SessionEventDispatcher>(),
                host.Get<SessionDisposer>(),
                host.Get<ConnectionCloser>(),
                host.Get<SessionMetrics>(),
                host.Time,
                host.Get<ILogger<SessionEngine>>()),
            host.Get<SessionMetrics>(),
            host.Get<SweepHeartbeat>(),
            host.Time,
            host.Get<ILogger<SessionSweeper>>());
        using var service = new SessionSweepService(
            sweeper,
            Options.Create(new SessionLifetimeOptions { SweepInterval = s_interval }),
            host.Time,
            host.Get<ILogger<SessionSweepService>>());
        await service.StartAsync(default);
        await AdvanceUntilAsync(() => host.Log.Errors.Any());
        failing = false;
        var before = broken.Takes;
        await AdvanceUntilAsync(() => broken.Takes > before);

        await service.StopAsync(default);
        Assert.Contains(host.Log.Errors, line => line.Text.StartsWith("The sweep failed", StringComparison.Ordinal));

        async Task AdvanceUntilAsync(Func<bool> condition)
        {
            for (var tries = 0; !condition() && tries < 10_000; tries++)
            {
                host.Time.Advance(s_interval);
                await Task.Delay(1);
            }

            Assert.True(condition());
        }
    }

    /// <summary>A store whose due index breaks down now and then.</summary>
    private sealed class BrokenStore(ITabSessionStore inner, Func<bool> isBroken) : ITabSessionStore
    {
        public int Takes { get; private set; }

        public long Count => inner.Count;

        public Moment Now => inner.Now;

        public bool IsClosed => inner.IsClosed;

        public DateTimeOffset ToUtc(Moment moment) => inner.ToUtc(moment);

        public bool TryGet(SessionId secret, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out SessionCell? cell) => inner.TryGet(secret, out cell);

        public ValueTask<SessionCell?> FindAsync(SessionId secret, CancellationToken cancellationToken) => inner.FindAsync(secret, cancellationToken);

        public ValueTask<SessionCell?> FindAsync(PublicId id, CancellationToken cancellationToken) => inner.FindAsync(id, cancellationToken);

        public ValueTask<EndedSession?> FindEndedAsync(SessionId secret, CancellationToken cancellationToken) => inner.FindEndedAsync(secret, cancellationToken);

        public ValueTask<IReadOnlyList<SessionCell>> ListAsync(SessionFilter filter, PublicId? after, int count, CancellationToken cancellationToken) =>
            inner.ListAsync(filter, after, count, cancellationToken);

        public ValueTask<SessionAddition> TryGiveAsync(SessionCell cell, in SessionSnapshot seen, in SessionSnapshot next, Moment nextDue) =>
            inner.TryGiveAsync(cell, seen, next, nextDue);

        public ValueTask RotateAsync(SessionCell cell, bool isUrgent = false) => inner.RotateAsync(cell, isUrgent);

        public void Used(SessionCell cell, SessionId secret) => inner.Used(cell, secret);

        public ValueTask<SessionAddition> AddAsync(SessionCell cell, Moment nextDue, CancellationToken cancellationToken) =>
            inner.AddAsync(cell, nextDue, cancellationToken);

        public void Touched(SessionCell cell) => inner.Touched(cell);

        public void Prefetch(ReadOnlySpan<SessionCell> cells) => inner.Prefetch(cells);

        public ValueTask<bool> TryCommitAsync(SessionCell cell, in SessionSnapshot seen, in SessionSnapshot next, Moment nextDue, bool whateverTouches = false) =>
            inner.TryCommitAsync(cell, seen, next, nextDue, whateverTouches);

        public ValueTask AcknowledgeEndAsync(SessionCell cell) => inner.AcknowledgeEndAsync(cell);

        public ValueTask<int> TakeDueAsync(Memory<SessionCell> due, Moment now, CancellationToken cancellationToken)
        {
            Takes++;
            return isBroken() ? throw new InvalidOperationException("broken") : inner.TakeDueAsync(due, now, cancellationToken);
        }

        public void Reschedule(SessionCell cell, Moment nextDue) => inner.Reschedule(cell, nextDue);

        public void Reschedule(ReadOnlySpan<SessionCell> cells) => throw new NotSupportedException();

        public void Close() => inner.Close();
    }
}
