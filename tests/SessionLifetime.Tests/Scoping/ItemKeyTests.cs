using SessionLifetime.Tests.Engine;

namespace SessionLifetime.Tests.Scoping;

/// <summary>Items as people know them from System.Web: by key, read and written with an indexer.</summary>
public sealed class ItemKeyTests
{
    [Fact]
    public async Task ContainsKey_TellsWhatTheIndexerHas()
    {
        await using var host = new EngineHost();
        var items = host.Engine.TabSessionOf(await host.StartAsync()).Items;

        Assert.False(items.ContainsKey("cart"));
        items["cart"] = 1;
        Assert.True(items.ContainsKey("cart"));
        Assert.False(items.ContainsKey("Cart"));
        items["cart"] = null;
        Assert.False(items.ContainsKey("cart"));
        Assert.Throws<ArgumentNullException>(() => items.ContainsKey(null!));
    }

    [Fact]
    public async Task ContainsKey_AfterTheEnd_TellsThatNothingIsThere()
    {
        await using var host = new EngineHost();
        var entry = await host.StartAsync();
        var session = host.Engine.TabSessionOf(entry);
        session.Items["cart"] = 1;

        await session.ExitAsync();
        await Http.SessionApp.EventuallyAsync(() => !session.Items.ContainsKey("cart"));

        Assert.Null(session.Items["cart"]);
    }
}
