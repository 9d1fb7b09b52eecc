using SessionLifetime.Cluster.Tests.Storage;
using SessionLifetime.Ids;
using SessionLifetime.Tests.Fakes;

namespace SessionLifetime.Cluster.Tests;

/// <summary>Nodes in front of the reference store, on a clock that the test moves.</summary>
public abstract class ClusterTest : IAsyncDisposable
{
    private protected static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private protected readonly FakeTimeProvider _time = new();
    private protected readonly MemoryBackingStore _store;
    private protected readonly List<ClusterHost> _nodes = [];

    protected ClusterTest() => _store = new(_time);

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        await _store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected static PageId PageOf(string name) => PageId.TryCreate(name, out var page) ? page : throw new InvalidOperationException(name);

    private protected async Task<ClusterHost> NodeAsync(Action<SessionLifetimeOptions>? configure = null, ISessionBackingStore? store = null)
    {
        var node = await ClusterHost.StartAsync(_time, store ?? _store, configure);
        node.Host.Record();
        _nodes.Add(node);
        return node;
    }

    /// <summary>Time passes until something is done: what other threads do takes no time of the clock, and is seen with the heartbeat after it.</summary>
    private protected async Task AdvanceUntilAsync(Task done)
    {
        // Other threads have their share of the processor between the rounds, however many want it.
        await Eventually.IsAsync(async () =>
        {
            await AdvanceAsync(s_second);
            return done.IsCompleted;
        });

        // The other nodes hear of it with their next heartbeat.
        await AdvanceAsync(s_second);
        await done;
    }

    /// <summary>What was raised reaches its handlers; no time passes.</summary>
    private protected Task DeliverAsync(ClusterHost node) => Eventually.IsAsync(async () =>
    {
        await node.PulseAsync();
        return _store.WaitingEvents == 0 && node.Delivery.Open == 0;
    });

    /// <summary>Time passes, and the nodes do what they do in it.</summary>
    /// <param name="by">How much.</param>
    /// <param name="sweepOf">The only node that looks for what is due; null for all.</param>
    private protected async Task AdvanceAsync(TimeSpan by, ClusterHost? sweepOf = null)
    {
        for (var passed = TimeSpan.Zero; passed < by; passed += ClusterHost.Flush)
        {
            _time.Advance(ClusterHost.Flush);
            // An event that is committed meanwhile reaches its node with that node's next step.
            await Eventually.IsAsync(async () =>
            {
                foreach (var node in _nodes)
                {
                    await (sweepOf is null || node == sweepOf ? node.PulseAsync() : node.BeatAsync());
                }

                return _store.WaitingEvents == 0 && _nodes.TrueForAll(static node => node.Delivery.Open == 0);
            });
        }
    }

    private protected sealed class Owned : IDisposable
    {
        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }
}
