using SessionLifetime.Policy;

namespace SessionLifetime.Cluster.Tests;

/// <summary>Other durations, which come into force while sessions live.</summary>
public sealed class SharedTimingTests : ClusterTest
{
    // Other timings after a deploy.
    [Fact]
    public async Task SessionsOfANodeWithoutTimeouts_EndUnderTheTimeoutsOfTheNext()
    {
        var first = await NodeAsync(static options => options.SessionTimeout = TimeSpan.Zero);
        var entry = await first.Host.StartAsync("p1");
        await AdvanceAsync(s_second * 3);
        await first.DisposeAsync();
        _nodes.Clear();

        var second = await NodeAsync(static options => options.SessionTimeout = TimeSpan.FromMinutes(1));
        var correcting = second.Host.Get<DueMoments>().CorrectAsync(default).AsTask();
        await AdvanceAsync(TimeSpan.FromMinutes(30));
        await correcting;

        Assert.NotNull(_store.Records[entry.Id.ToString()].EndReason);
    }

    [Fact]
    public async Task AShorterTimeout_IsNotDecidedByAtOnce()
    {
        // Three nodes with T = 20 min; a fourth with T = 1 min starts. A node that has heard of it does not end what another has accepted.
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        await AdvanceAsync(TimeSpan.FromMinutes(5));
        var third = await NodeAsync(static options => options.SessionTimeout = TimeSpan.FromMinutes(1));

        // The second has not heard of the new settings: it accepts from memory.
        Assert.True(await second.Host.PingAsync(there, SignalReport.Activity));

        // The first has, and looks.
        await first.Host.Get<NodeHeart>().BeatAsync();
        await first.Host.Engine.ApplyDueRulesAsync(entry);
        await first.Host.Engine.ApplyDueRulesAsync(entry);
        await DeliverAsync(first);

        Assert.Null(_store.Records[entry.Id.ToString()].EndReason);
        Assert.Equal(0, entry.Read().Occurrence);
    }
}
