using SessionLifetime.Ids;

namespace SessionLifetime.Cluster.Tests;

/// <summary>One-time tokens in a store.</summary>
public sealed class SharedTokenTests : ClusterTest
{
    [Fact]
    public async Task ASessionThatIsGivenTokensWithoutEnd_KeepsTheLatestOnes()
    {
        var first = await NodeAsync();
        var entry = await first.Host.StartAsync("p1");
        var tokens = first.Host.Get<SharedTokens>();
        var last = default(SessionId);
        for (var one = 0; one < 50; one++)
        {
            last = SessionId.Create();
            tokens.Put("use", last, entry, entry.Secret, BrowserKey.None, PageId.None, TimeSpan.FromMinutes(1), most: 10);
        }

        Assert.Equal(10, _store.TokenHashes.Count);
        Assert.NotNull(await tokens.TakeAsync("use", last, static _ => true));
    }

    [Fact]
    public async Task TokensThatHaveExpired_TakeNoOnesPlace()
    {
        var first = await NodeAsync();
        var entry = await first.Host.StartAsync("p1");
        var tokens = first.Host.Get<SharedTokens>();
        tokens.Put("use", SessionId.Create(), entry, entry.Secret, BrowserKey.None, PageId.None, s_second, most: 1);
        await AdvanceAsync(s_second * 3);
        tokens.Put("use", SessionId.Create(), entry, entry.Secret, BrowserKey.None, PageId.None, s_second, most: 1);

        // The old one is the trim's.
        Assert.Equal(2, _store.TokenHashes.Count);
    }
}
