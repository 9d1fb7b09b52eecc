using Microsoft.Extensions.Logging.Abstractions;
using SessionLifetime.Cluster;
using SessionLifetime.Cluster.Tests.Storage;
using SessionLifetime.Tests.Fakes;

namespace SessionLifetime.Cluster.Tests;

/// <summary>When a node takes its store for away: not because the node itself stood still.</summary>
public sealed class StoreGateTests
{
    private readonly StallingTime _time = new();
    private readonly StoreGate _gate;

    public StoreGateTests() =>
        _gate = new(new MemoryBackingStore(new FakeTimeProvider()), new(TimeSpan.FromSeconds(1)), _time, NullLogger<StoreGate>.Instance);

    [Fact]
    public async Task ACallThatFails_MeansThatTheStoreIsAway()
    {
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => CallAsync(static () => throw new IOException("gone")));

        Assert.True(_gate.IsAway);
    }

    [Fact]
    public async Task ACallThatIsNotAnswered_MeansThatTheStoreIsAway()
    {
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => CallAsync(() => _time.Pass(TimeSpan.FromSeconds(1))));

        Assert.True(_gate.IsAway);
    }

    [Fact]
    public async Task ACallThatFailsAfterTheNodeStoodStill_SaysNothingOfTheStore()
    {
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => CallAsync(() =>
        {
            _time.Stall(TimeSpan.FromSeconds(20));
            throw new IOException("The connection was closed meanwhile.");
        }));

        Assert.False(_gate.IsAway);
    }

    [Fact]
    public async Task ACallThatIsNotAnsweredWhenTheNodeGoesOn_SaysNothingOfTheStore()
    {
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => CallAsync(() => _time.Pass(TimeSpan.FromSeconds(20))));

        Assert.False(_gate.IsAway);
        Assert.Equal(1, await _gate.CallAsync("asking", static (_, _) => ValueTask.FromResult(1)));
    }

    private Task<int> CallAsync(Action meanwhile) => _gate.CallAsync("asking", async (_, stop) =>
    {
        await Task.Yield();
        meanwhile();
        return await Task.Delay(Timeout.Infinite, stop).ContinueWith(static _ => 0, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }).AsTask();

    /// <summary>A clock whose timers find out afterwards that time has passed, as they do in a process that stood still.</summary>
    private sealed class StallingTime : TimeProvider
    {
        private readonly TaskCompletionSource<(TimerCallback Callback, object? State)> _timer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Volatile.Read(ref _ticks);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _timer.TrySetResult((callback, state));
            return new NoTimer();
        }

        public void Stall(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

        public void Pass(TimeSpan by)
        {
            Stall(by);
            _ = _timer.Task.ContinueWith(static timer => timer.Result.Callback(timer.Result.State), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        private sealed class NoTimer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => default;
        }
    }
}
