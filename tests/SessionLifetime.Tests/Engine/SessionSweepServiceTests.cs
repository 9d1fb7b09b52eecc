using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Diagnostics;
using SessionLifetime.Directories;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Events;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Time;

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
            var entry = await host.StartAsync();
            for (var tries = 0; !entry.IsEnded && tries < 10_000; tries++)
            {
                host.Time.Advance(s_interval);
                await Task.Delay(1);
            }

            Assert.True(entry.IsEnded);
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

        public bool TryGet(SessionId secret, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out SessionEntry? entry) => inner.TryGet(secret, out entry);

        public ValueTask<SessionEntry?> FindAsync(SessionId secret, CancellationToken cancellationToken) => inner.FindAsync(secret, cancellationToken);

        public ValueTask<SessionEntry?> FindAsync(PublicId id, CancellationToken cancellationToken) => inner.FindAsync(id, cancellationToken);

        public ValueTask<EndedSession?> FindEndedAsync(SessionId secret, CancellationToken cancellationToken) => inner.FindEndedAsync(secret, cancellationToken);

        public ValueTask<IReadOnlyList<SessionEntry>> ListAsync(SessionFilter filter, PublicId? after, int count, CancellationToken cancellationToken) =>
            inner.ListAsync(filter, after, count, cancellationToken);

        public ValueTask<PlacementResult> TryAssignOwnerAsync(SessionEntry entry, in SessionSnapshot seen, in SessionSnapshot next, Moment nextDue) =>
            inner.TryAssignOwnerAsync(entry, seen, next, nextDue);

        public ValueTask RotateAsync(SessionEntry entry, bool evenIfPending = false) => inner.RotateAsync(entry, evenIfPending);

        public void Used(SessionEntry entry, SessionId secret) => inner.Used(entry, secret);

        public ValueTask<PlacementResult> AddAsync(SessionEntry entry, Moment nextDue, CancellationToken cancellationToken) =>
            inner.AddAsync(entry, nextDue, cancellationToken);

        public void MarkDirty(SessionEntry entry) => inner.MarkDirty(entry);

        public void Prefetch(ReadOnlySpan<SessionEntry> entries) => inner.Prefetch(entries);

        public ValueTask<bool> TryCommitAsync(SessionEntry entry, in SessionSnapshot seen, in SessionSnapshot next, Moment nextDue, bool ignoreTouches = false) =>
            inner.TryCommitAsync(entry, seen, next, nextDue, ignoreTouches);

        public ValueTask AcknowledgeEndAsync(SessionEntry entry) => inner.AcknowledgeEndAsync(entry);

        public ValueTask<int> TakeDueAsync(Memory<SessionEntry> due, Moment now, CancellationToken cancellationToken)
        {
            Takes++;
            return isBroken() ? throw new InvalidOperationException("broken") : inner.TakeDueAsync(due, now, cancellationToken);
        }

        public void Reschedule(SessionEntry entry, Moment nextDue) => inner.Reschedule(entry, nextDue);

        public void Reschedule(ReadOnlySpan<SessionEntry> entries) => throw new NotSupportedException();

        public void Close() => inner.Close();
    }
}
