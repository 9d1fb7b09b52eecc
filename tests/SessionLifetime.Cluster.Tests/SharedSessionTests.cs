using SessionLifetime.Cluster;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Tests.Fakes;
using SessionLifetime.Cluster.Tests.Storage;

namespace SessionLifetime.Cluster.Tests;

/// <summary>Nodes in front of the reference store.</summary>
public sealed class SharedSessionTests : IAsyncDisposable
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new();
    private readonly MemoryBackingStore _store;
    private readonly List<ClusterHost> _nodes = [];

    public SharedSessionTests() => _store = new(_time);

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        await _store.DisposeAsync();
    }

    [Fact]
    public async Task AnyNode_ServesTheSession()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");

        var there = await second.FindAsync(entry.Secret);

        Assert.NotNull(there);
        Assert.NotSame(entry, there);
        Assert.Equal(entry.Id, there.Id);
        Assert.True(await second.Host.PingAsync(there, SignalReport.Activity));
    }

    [Fact]
    public async Task ATouchOnOneNode_KeepsTheSessionOnAll()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;

        for (var minute = 0; minute < 45; minute++)
        {
            await AdvanceAsync(TimeSpan.FromMinutes(1));
            Assert.True(await second.Host.PingAsync(there, SignalReport.Activity));
        }

        Assert.False(entry.IsEnded);
        Assert.DoesNotContain(first.Host.Heard.Concat(second.Host.Heard), static one => one.StartsWith("SessionTimeout", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ASilentSession_EndsOnceOnAllNodes_AndIsToldOnce()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;

        await AdvanceAsync(TimeSpan.FromMinutes(41));

        Assert.True(entry.IsEnded);
        Assert.True(there.IsEnded);
        Assert.Equal(
            ["ApplicationExit SignalLost", "SessionTimeout 1"],
            first.Host.Heard.Concat(second.Host.Heard).Where(static one => one != "SessionStarted").Order(StringComparer.Ordinal));
        Assert.Equal(0, _store.WaitingEvents);
    }

    [Fact]
    public async Task AnExitOnOneNode_IsSeenOnTheOther_WithItsNextHeartbeat()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;

        var exiting = first.Host.Engine.EndAndWaitAsync(entry, SessionEndReason.Exited);
        await AdvanceAsync(s_second);
        await exiting;

        Assert.True(there.IsEnded);
        Assert.Null(await second.FindAsync(entry.Secret));
        Assert.Equal(SessionEndReason.Exited, (await second.Directory.FindEndedAsync(entry.Secret, default))!.Value.Reason);
    }

    [Fact]
    public async Task ADowntime_EndsNobody()
    {
        var first = await NodeAsync();
        var secret = (await first.Host.StartAsync("p1")).Secret;
        await AdvanceAsync(TimeSpan.FromMinutes(5));
        await first.DisposeAsync();
        _nodes.Clear();
        _time.Advance(TimeSpan.FromHours(8));

        var second = await NodeAsync();
        await AdvanceAsync(s_second * 30);

        var found = await second.FindAsync(secret);
        Assert.NotNull(found);
        await AdvanceAsync(TimeSpan.FromMinutes(40));
        Assert.True(found.IsEnded);
        Assert.Equal(["SessionTimeout 1", "ApplicationExit SignalLost"], second.Host.Heard);
    }

    [Fact]
    public async Task PlainRequests_WaitForNoStore()
    {
        var node = await NodeAsync();
        var entry = await node.Host.StartAsync("p1");
        await node.PulseAsync();
        _store.Calls.Clear();

        for (var request = 0; request < 100; request++)
        {
            Assert.True(await node.Host.PingAsync(entry, SignalReport.Activity));
        }

        // Events are asked for in the background.
        Assert.DoesNotContain(_store.Calls.Keys, static call => call is not nameof(ISessionBackingStore.TakeEventsAsync));
    }

    private async Task<ClusterHost> NodeAsync()
    {
        var node = await ClusterHost.StartAsync(_time, _store);
        node.Host.Record();
        _nodes.Add(node);
        return node;
    }

    /// <summary>Time passes, and the nodes do what they do in it.</summary>
    private async Task AdvanceAsync(TimeSpan by)
    {
        for (var passed = TimeSpan.Zero; passed < by; passed += ClusterHost.Flush)
        {
            _time.Advance(ClusterHost.Flush);
            foreach (var node in _nodes)
            {
                await node.PulseAsync();
            }

            foreach (var node in _nodes)
            {
                await Eventually.IsAsync(() => node.Delivery.Open == 0 && _store.WaitingEvents == 0);
            }
        }
    }
}
