using SessionLifetime.Cluster;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Tests.Engine;
using SessionLifetime.Tests.Fakes;

namespace SessionLifetime.Cluster.Tests;

/// <summary>One node in front of a store, on a clock that the test moves: every step of the node is taken when told.</summary>
internal sealed class ClusterHost : IAsyncDisposable
{
    public static readonly TimeSpan Flush = TimeSpan.FromSeconds(1);

    private ClusterHost(EngineHost host) => Host = host;

    public EngineHost Host { get; }

    public NodeState Node => Host.Get<NodeState>();

    public SharedSessionDirectory Directory => Host.Get<SharedSessionDirectory>();

    public OutboxDelivery Delivery => Host.Get<OutboxDelivery>();

    /// <summary>Starts a node, and moves the clock until it may decide.</summary>
    public static async Task<ClusterHost> StartAsync(
        FakeTimeProvider time,
        ISessionBackingStore store,
        Action<SessionLifetimeOptions>? configure = null,
        Action<SessionLifetimeBuilder>? subscribe = null,
        Action<SessionStoreOptions>? shared = null)
    {
        var host = new ClusterHost(new EngineHost(configure, subscribe, time, store, shared: shared));
        host.Directory.Ended.EventsWait += host.Delivery.Wake;
        host.Directory.Ended.LetGo += host.Host.Get<SessionEndings>().LetGo;
        await host.Host.Get<ClusterNodeService>().RegisterAsync();
        return host;
    }

    /// <summary>A flush and a heartbeat.</summary>
    public async Task BeatAsync()
    {
        await Host.Get<NodeHeart>().FlushAsync();
        await Host.Get<NodeHeart>().BeatAsync();
    }

    /// <summary>What a node does every F: a flush, a heartbeat, a sweep; and then its events are delivered.</summary>
    public async Task PulseAsync()
    {
        await BeatAsync();
        await Directory.News.ReadAsync();
        await Host.Sweeper.SweepAsync();
        await Host.Get<NodeHeart>().BeatAsync();
        await Directory.News.ReadAsync();
    }

    /// <summary>Finds a session as a request with this secret does, and applies the rules that are due.</summary>
    public async Task<SessionEntry?> FindAsync(SessionId secret) =>
        await Directory.FindAsync(secret, default) is { } entry && await Host.Engine.ApplyDueRulesAsync(entry) != DueRulesResult.Ended ? entry : null;

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
