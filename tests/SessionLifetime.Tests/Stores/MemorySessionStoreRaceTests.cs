using SessionLifetime.Tests.Fakes;

namespace SessionLifetime.Tests.Stores;

/// <summary>What two threads can do to one session of a store at the same moment.</summary>
public sealed class MemorySessionStoreRaceTests
{
    private readonly MemorySessionStore _store = new(new FakeTimeProvider(), new()
    {
        SweepInterval = TimeSpan.FromMinutes(1),
        MaxSessions = 1000,
        MaxEndedSessions = 1000,
        EndedSessionRetention = TimeSpan.FromMinutes(10),
    });

    [Fact]
    public async Task TwoClaimsOfOneBrowser_OneOfThemTooLate_TheSessionIsTheBrowsersAndListed()
    {
        var spread = new Random(1);
        for (var round = 0; round < 30_000; round++)
        {
            var owner = new SessionOwner(BrowserKey.Create(), null);
            var cell = new SessionCell(SessionId.Create(), PublicId.Create(), new Moment(1));
            cell.Prepare(Moment.Never, isConfirmed: true);
            await _store.AddAsync(cell, Moment.Never, default);
            var stale = cell.Read();
            cell.TryAttachPage(PageId.OfBits((1, 1)), PageId.None, new Moment(2), TimeSpan.FromHours(1));
            var seen = cell.Read();

            using var start = new Barrier(2);
            var tooLate = Task.Run(() =>
            {
                start.SignalAndWait();
                return GiveAsync(cell, stale, owner).AsTask();
            });
            start.SignalAndWait();
            Thread.SpinWait(spread.Next(400));
            var given = await GiveAsync(cell, seen, owner);
            Assert.NotEqual(SessionAddition.Added, await tooLate);

            Assert.Equal(SessionAddition.Added, given);
            Assert.Equal(owner.BrowserId, cell.Owner.BrowserId);
            Assert.Equal([cell], await _store.ListAsync(new(Browser: owner.BrowserId), after: null, 10, default));
            await EndAsync(cell);
        }

        Assert.Equal((0, 0), _store.CountGroups());
    }

    private ValueTask<SessionAddition> GiveAsync(SessionCell cell, in SessionSnapshot seen, SessionOwner owner)
    {
        var next = seen;
        next.Owner = owner;
        return _store.TryGiveAsync(cell, seen, next, Moment.Never);
    }

    private async Task EndAsync(SessionCell cell)
    {
        var seen = cell.Read();
        var next = seen;
        Clockwork.End(ref next, SessionEndReason.Exited);
        Assert.True(await _store.TryCommitAsync(cell, seen, next, Moment.Never, whateverTouches: true));
    }
}
