using SessionLifetime.Ids;
using SessionLifetime.Policy;

namespace SessionLifetime.Tests.Engine;

/// <summary>Newcomers of one browser on real threads, each of which ends the one before, which may not have quite arrived.</summary>
public sealed class DisplacementRaceTests
{
    private const int Rounds = 40_000;
    private const int Newcomers = 4;

    [Fact]
    public async Task Newcomers_DisplaceEachOtherWhileTheyCome_OneLivesAndNoneIsLeftBehind()
    {
        await using var host = new EngineHost(static options =>
        {
            options.MaxSessionsPerBrowser = 1;
            options.LimitPolicy = SessionLimitPolicy.EndOldest;
        });
        for (var round = 0; round < Rounds; round++)
        {
            var owner = new SessionOwner(BrowserKey.Create(), "ada");
            using var start = new Barrier(Newcomers);
            var holds = await Task.WhenAll(Enumerable.Range(0, Newcomers).Select(_ => Task.Run(async () =>
            {
                start.SignalAndWait();
                return await host.TryStartAsync(PageId.None, owner);
            })));

            var alive = Assert.Single(holds, static hold => hold is { Entry.IsEnded: false })!;
            Assert.Equal(1, host.Sessions.Count);
            Assert.Equal(alive.Entry.Id.ToString(), Assert.Single(await host.Sessions.ListAsync(new SessionQuery { User = "ada" })).Id);
            Assert.Same(alive.Entry, Assert.Single(await host.Engine.Directory.ListAsync(default, after: null, 10, default)));
            Assert.All(holds, hold => Assert.Equal(hold == alive, hold is not null && host.Engine.Directory.TryGet(hold.Entry.Secret, out _)));
            await host.Sessions.EndAllAsync();
            Assert.Equal(0, host.Sessions.Count);
        }
    }
}
