using SessionLifetime.Cluster.Tests.Storage;

namespace SessionLifetime.Cluster.Tests;

/// <summary>The values of sessions, written and read by several nodes.</summary>
public sealed class SharedValueTests : ClusterTest
{
    // The first value of a session, written by a node whose copy is older.
    [Fact]
    public async Task TheFirstValue_WrittenByANodeWhoseCopyIsOlder_IsReadAgain()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        Assert.True(await first.Host.Arrivals.TryResumeAsync(entry, PageOf("p2"), PageOf("t2")));

        Assert.Empty(await second.Host.Get<SharedValues>().WriteAsync(there, [new("h:cart", [1])]));

        Assert.Single(await second.Host.Get<SharedValues>().ReadAsync(there));
        await AdvanceAsync(s_second * 3);
        Assert.Single(await first.Host.Get<SharedValues>().ReadAsync(entry));
    }

    [Fact]
    public async Task TheFirstValue_AfterAWriteThatFailed_IsReadByTheOthers()
    {
        var hook = new InterceptedStore(_store);
        var (first, second) = (await NodeAsync(store: hook), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        hook.Before = static (call, _) => call == "commit" ? throw new IOException("lost") : Task.CompletedTask;
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(async () => await first.Host.Get<SharedValues>().WriteAsync(entry, [new("h:cart", [1])]));
        hook.Before = null;
        await AdvanceAsync(s_second * 3);

        Assert.Empty(await first.Host.Get<SharedValues>().WriteAsync(entry, [new("h:cart", [1])]));

        await AdvanceAsync(s_second * 3);
        Assert.Single(await second.Host.Get<SharedValues>().ReadAsync(there));
    }

    // The GET after the POST, on another node.
    [Fact]
    public async Task TheFirstValue_IsReadAtOnceByAnotherNode()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        await AdvanceAsync(s_second * 3);

        Assert.Empty(await first.Host.Get<SharedValues>().WriteAsync(entry, [new("h:cart", [1])]));

        Assert.Single(await second.Host.Get<SharedValues>().ReadAsync(there));
    }
}
