using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features.Authentication;
using SessionLifetime.Cluster;
using SessionLifetime.Cluster.Tests.Storage;
using SessionLifetime.Engine;
using SessionLifetime.Http.Admission;
using SessionLifetime.Ids;

namespace SessionLifetime.Cluster.Tests;

/// <summary>What nodes do together beyond ends and events: refusals, limits, kept exits, homes.</summary>
public sealed class SharedRuleTests : ClusterTest
{
    [Fact]
    public async Task ARefusal_IsReadAnew_BeforeItIsSaid()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        await first.Host.Get<SessionOwnership>().ClaimAsync(entry, BrowserKey.None, "ada");
        var there = (await second.FindAsync(entry.Secret))!;
        Assert.Equal(SessionLookupStatus.WrongUser, await AdmitAsync(second, there, "eve"));

        // No news has arrived: the second node still believes that it is hers.
        await first.Host.Get<SessionOwnership>().ReleaseUserAsync(entry);
        Assert.Equal("ada", there.User);

        Assert.Equal(SessionLookupStatus.Found, await AdmitAsync(second, there, "eve"));
        Assert.Equal("eve", _store.Records.Values.Single().User);
        Assert.Equal(SessionLookupStatus.WrongUser, await AdmitAsync(first, entry, "ada"));
    }

    [Fact]
    public async Task AnExitWhileTheStoreIsAway_IsKept_AndWrittenWhenItIsBack()
    {
        var node = await NodeAsync();
        var (entry, other) = (await node.Host.StartAsync("p1"), await node.Host.StartAsync("p2"));
        await node.PulseAsync();
        _store.IsAway = true;

        await node.Host.Engine.TabSessionOf(entry).ExitAsync();
        await node.Host.Engine.TabSessionOf(entry).ExitAsync();

        // Served no more, though the store still has it; the other one goes on.
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => node.Host.PingAsync(entry));
        Assert.True(await node.Host.PingAsync(other));
        Assert.All(_store.Records.Values, static record => Assert.Null(record.EndReason));

        _store.IsAway = false;
        await AdvanceAsync(s_second * 3);

        Assert.True(entry.IsEnded);
        Assert.Equal(SessionEndReason.Exited, Assert.Single(_store.Records.Values, static record => record.EndReason is not null).EndReason);
        Assert.Single(node.Host.Heard, "ApplicationExit Exited");
        Assert.Empty(node.Directory.KeptEnds);
        Assert.True(await node.Host.PingAsync(other));
    }

    [Fact]
    public async Task AKeptExit_OfASessionThatEndedElsewhere_IsForgotten()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        Assert.True(second.Directory.TryKeepEnd(there, SessionEndReason.Exited));
        await first.Host.Engine.TryEndAsync(entry, SessionEndReason.Revoked);

        await AdvanceAsync(s_second * 3);

        Assert.Empty(second.Directory.KeptEnds);
        Assert.Equal(["ApplicationExit Revoked"], first.Host.Heard.Concat(second.Host.Heard).Where(static one => one.StartsWith("App", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(SessionLimitPolicy.RefuseNew)]
    [InlineData(SessionLimitPolicy.EndOldest)]
    public async Task TwoSignInsAtOnceOnTwoNodes_DoNotPassTheLimit(SessionLimitPolicy policy)
    {
        // Both have counted before either has written.
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var stores = new[] { new InterceptedStore(_store), new InterceptedStore(_store) };
        void Configure(SessionLifetimeOptions options) => (options.MaxSessionsPerUser, options.LimitPolicy) = (1, policy);
        var nodes = new[] { await NodeAsync(Configure, stores[0]), await NodeAsync(Configure, stores[1]) };
        var entries = new[] { await nodes[0].Host.StartAsync("p1"), await nodes[1].Host.StartAsync("p2") };
        stores[0].Before = stores[1].Before = Together(waiting);

        var claims = Task.WhenAll(nodes.Zip(entries, static (node, entry) => node.Host.Get<SessionOwnership>().ClaimAsync(entry, BrowserKey.None, "ada").AsTask()));
        await waiting.Task;
        await AdvanceUntilAsync(claims);
        await AdvanceAsync(s_second * 3);
        Assert.InRange(_store.Records.Values.Count(static record => record is { User: "ada", EndReason: null }), policy == SessionLimitPolicy.EndOldest ? 1 : 0, 1);
    }

    [Fact]
    public async Task TwoStartsAtOnceOnTwoNodes_DoNotPassTheLimit_AndTheRefusedOneIsToldToNobody()
    {
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var stores = new[] { new InterceptedStore(_store), new InterceptedStore(_store) };
        static void Configure(SessionLifetimeOptions options) => (options.MaxSessionsPerBrowser, options.LimitPolicy) = (1, SessionLimitPolicy.RefuseNew);
        var nodes = new[] { await NodeAsync(Configure, stores[0]), await NodeAsync(Configure, stores[1]) };
        stores[0].Before = stores[1].Before = Together(waiting);
        var owner = new SessionLifetime.Policy.SessionOwner(BrowserKey.Create(), null);

        var started = await Task.WhenAll(nodes.Select(node => node.Host.TryStartAsync(PageOf("p1"), owner)));

        stores[0].Before = stores[1].Before = null;
        await AdvanceAsync(s_second * 3);
        var count = started.Count(static hold => hold is not null);
        Assert.InRange(count, 0, 1);
        Assert.Equal(count, _store.Records.Values.Count(static record => record.EndReason is null));
        Assert.Equal(count, nodes.Sum(static node => node.Host.Heard.Count(static one => one == "SessionStarted")));
        Assert.DoesNotContain(nodes.SelectMany(static node => node.Host.Heard), static one => one.StartsWith("ApplicationExit", StringComparison.Ordinal));
        Assert.Equal(0, _store.WaitingEvents);

        // The place is free, or taken by the one that was not refused.
        Assert.Equal(count == 0, await nodes[0].Host.TryStartAsync(PageOf("p2"), owner) is not null);
    }

    [Fact]
    public async Task TheNodeThatHoldsObjects_IsTheHome_AndASecondOneIsWarnedOfOnce()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        Assert.True(first.Host.Engine.TabSessionOf(entry).IsHome);
        Assert.True(second.Host.Engine.TabSessionOf(there).IsHome);

        first.Host.Engine.TabSessionOf(entry).Items["object"] = new Owned();
        Assert.True(await first.Host.PingAsync(entry));
        await AdvanceAsync(s_second * 12);
        Assert.True(first.Host.Engine.TabSessionOf(entry).IsHome);
        Assert.False(second.Host.Engine.TabSessionOf(there).IsHome);

        second.Host.Engine.TabSessionOf(there).Items["object"] = new Owned();
        for (var round = 0; round < 3; round++)
        {
            Assert.True(await second.Host.PingAsync(there));
            await AdvanceAsync(s_second * 12);
        }

        Assert.Single(second.Host.Log.Lines, static line => line.Id.Id == 91);
        Assert.DoesNotContain(first.Host.Log.Lines, static line => line.Id.Id == 91);
    }

    [Fact]
    public async Task ATurn_IsOneNodes_UntilItIsGivenBack_OrTheNodeIsGone()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        var (mine, theirs) = (first.Host.Get<SharedTurns>(), second.Host.Get<SharedTurns>());
        Assert.True(await mine.TryTakeAsync(entry, s_second, default));

        var waiting = theirs.TryTakeAsync(there, s_second * 60, default).AsTask();
        await AdvanceAsync(s_second * 5);
        Assert.False(waiting.IsCompleted);
        mine.GiveBack(entry, static () => { });
        await AdvanceUntilAsync(waiting);
        Assert.True(await waiting);

        // Its node is killed.
        _nodes.Remove(second);
        var after = mine.TryTakeAsync(entry, s_second * 60, default).AsTask();
        await AdvanceAsync(s_second * 5);
        Assert.False(after.IsCompleted);
        await AdvanceUntilAsync(after);
        Assert.True(await after);
        await second.DisposeAsync();
    }

    [Fact]
    public async Task ATurnThatIsNotGivenBack_IsMissed_WhenTheTimeIsUp()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        Assert.True(await first.Host.Get<SharedTurns>().TryTakeAsync(entry, s_second, default));

        var waiting = second.Host.Get<SharedTurns>().TryTakeAsync(there, s_second * 3, default).AsTask();
        await AdvanceUntilAsync(waiting);

        Assert.False(await waiting);
    }

    /// <summary>Holds commits back until there are two, each of its own node.</summary>
    private static Func<string, object?, Task> Together(TaskCompletionSource waiting)
    {
        var arrived = 0;
        return (call, _) => call != "commit" ? Task.CompletedTask
            : Interlocked.Increment(ref arrived) < 2 ? waiting.Task
            : Task.Run(waiting.TrySetResult);
    }

    private static ValueTask<SessionLookupStatus> AdmitAsync(ClusterHost node, SessionLifetime.Entries.SessionEntry entry, string user)
    {
        var context = new DefaultHttpContext();
        context.Features.Set<IHttpAuthenticationFeature>(new User(new(new ClaimsIdentity([new(ClaimTypes.NameIdentifier, user)], "test"))));
        context.Request.Headers.Cookie = "";
        return node.Host.Get<SessionGuard>().AdmitAsync(context, context.Request.Headers, entry, entry.Secret);
    }

    private sealed class User(ClaimsPrincipal principal) : IHttpAuthenticationFeature
    {
        ClaimsPrincipal? IHttpAuthenticationFeature.User { get; set; } = principal;
    }
}
