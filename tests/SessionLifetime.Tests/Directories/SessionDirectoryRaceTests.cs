using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Tests.Fakes;
using SessionLifetime.Tests.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Tests.Directories;

/// <summary>What two threads can do to one session of a store at the same moment.</summary>
public sealed class SessionDirectoryRaceTests
{
    private readonly SessionDirectory _store = new(new SessionClock(new FakeTimeProvider()), new()
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
            var entry = new SessionEntry(SessionId.Create(), PublicId.Create(), new Moment(1));
            entry.Prepare(Moment.Never, isConfirmed: true);
            await _store.AddAsync(entry, Moment.Never, default);
            var stale = entry.Read();
            entry.TryAttachPage(PageId.OfBits((1, 1)), PageId.None, new Moment(2), TimeSpan.FromHours(1));
            var seen = entry.Read();

            using var start = new Barrier(2);
            var tooLate = Task.Run(() =>
            {
                start.SignalAndWait();
                return GiveAsync(entry, stale, owner).AsTask();
            });
            start.SignalAndWait();
            Thread.SpinWait(spread.Next(400));
            var given = await GiveAsync(entry, seen, owner);
            Assert.NotEqual(PlacementResult.Added, await tooLate);

            Assert.Equal(PlacementResult.Added, given);
            Assert.Equal(owner.BrowserId, entry.Owner.BrowserId);
            Assert.Equal([entry], await _store.ListAsync(new(Browser: owner.BrowserId), after: null, 10, default));
            await EndAsync(entry);
        }

        Assert.Equal((0, 0), _store.CountGroups());
    }

    private ValueTask<PlacementResult> GiveAsync(SessionEntry entry, in SessionSnapshot seen, SessionOwner owner)
    {
        var next = seen;
        next.Owner = owner;
        return _store.TryAssignOwnerAsync(entry, seen, next, Moment.Never);
    }

    private async Task EndAsync(SessionEntry entry)
    {
        var seen = entry.Read();
        var next = seen;
        Clockwork.End(ref next, SessionEndReason.Exited, Moment.Before, Sample.Timings(), Moment.Before);
        Assert.True(await _store.TryCommitAsync(entry, seen, next, Moment.Never, ignoreTouches: true));
    }
}
