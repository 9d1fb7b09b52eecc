using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Tests.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Tests.Entries;

public sealed class SessionEntryTests
{
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);

    [Fact]
    public void TryCommit_TouchedSinceSeen_Fails()
    {
        var entry = Entry();
        var seen = entry.Read();

        Assert.True(entry.TryTouch(new Moment(20), isActivity: false));

        Assert.False(entry.TryCommit(seen, Ended(seen), Moment.Never));
        Assert.True(entry.TryTouch(new Moment(21), isActivity: true));
        Assert.Equal((new Moment(21), new Moment(21)), (entry.LastActivity, entry.LastSignal));
    }

    /// <summary>Whoever adds a session to the directory looks at it without the gate: an end that was not seen there would stay in the directory.</summary>
    [Fact]
    public async Task TryCommit_OfASessionThatHasEnded_NeverShowsItAlive()
    {
        var entry = Entry();
        var seen = entry.Read();
        Assert.True(entry.TryCommit(seen, Ended(seen), Moment.Never));
        using var stop = new CancellationTokenSource();
        var late = OnItsOwnThread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                Assert.False(entry.TryCommit(seen, Ended(seen), Moment.Never, ignoreTouches: true));
            }
        });

        var alive = 0;
        for (var look = 0; look < 5_000_000; look++)
        {
            alive += entry.IsEnded ? 0 : 1;
        }

        await stop.CancelAsync();
        await late;
        Assert.Equal(0, alive);
    }

    [Fact]
    public void TryCommit_RequestBegunSinceSeen_Fails()
    {
        var entry = Entry();
        var seen = entry.Read();
        Assert.True(entry.TryBegin(Hold(entry, isActivity: true, until: 100), entry.LastSignal));

        Assert.False(entry.TryCommit(seen, Ended(seen), Moment.Never));
    }

    [Fact]
    public void TryCommit_PageAttachedSinceSeen_Fails()
    {
        var entry = Entry();
        var seen = entry.Read();
        Assert.True(PageId.TryCreate("p", out var page));
        Assert.True(entry.TryAttachPage(page, PageId.None, new Moment(10), s_hour));

        Assert.False(entry.TryCommit(seen, Ended(seen), Moment.Never));
    }

    [Fact]
    public void TryCommit_CommittedSinceSeen_Fails()
    {
        var entry = Entry();
        var seen = entry.Read();
        Assert.True(entry.TryCommit(seen, seen, Moment.Never));

        Assert.False(entry.TryCommit(seen, Ended(seen), Moment.Never));
    }

    [Fact]
    public void TryTouch_Ended_IsRefusedForEver()
    {
        var entry = Entry();
        var seen = entry.Read();
        Assert.True(entry.TryCommit(seen, Ended(seen), Moment.Never));

        Assert.False(entry.TryTouch(new Moment(20), isActivity: true));
        Assert.False(entry.TryBegin(Hold(entry, isActivity: true, until: 100), new Moment(20)));
        Assert.False(entry.TryHold(Hold(entry, isActivity: true, until: 100), new Moment(20)));
        Assert.False(entry.TryCommit(entry.Read(), seen, Moment.Never));
    }

    [Fact]
    public void TryTouch_SomethingMayBeDue_TakesTheSlowPath()
    {
        var entry = Entry(nextDue: 50);

        Assert.True(entry.TryTouch(new Moment(49), isActivity: false));
        Assert.False(entry.TryTouch(new Moment(50), isActivity: false));
        Assert.Equal(new Moment(49), entry.LastSignal);
    }

    [Fact]
    public void TryTouch_OlderMoment_MovesNothingBack()
    {
        var entry = Entry();
        Assert.True(entry.TryTouch(new Moment(30), isActivity: true));
        Assert.True(entry.TryTouch(new Moment(20), isActivity: true));

        Assert.Equal((new Moment(30), new Moment(30)), (entry.LastActivity, entry.LastSignal));
    }

    [Fact]
    public void Read_RequestsInFlight_ShowHowLongTheyHold()
    {
        var entry = Entry();
        var alive = Hold(entry, isActivity: false, until: 300);
        var first = Hold(entry, isActivity: true, until: 100);
        var second = Hold(entry, isActivity: true, until: 200);
        foreach (var hold in new[] { first, alive, second })
        {
            Assert.True(entry.TryBegin(hold, new Moment(15)));
        }

        Assert.Equal((new Moment(200), new Moment(300)), (entry.Read().ActivityHeldUntil, entry.Read().SignalHeldUntil));

        entry.Release(second, new Moment(40));
        entry.Release(second, new Moment(90));
        Assert.Equal((new Moment(100), new Moment(40)), (entry.Read().ActivityHeldUntil, entry.LastActivity));

        // Past its limit a request has stopped holding long ago.
        entry.Release(first, new Moment(5000));
        entry.Release(alive, new Moment(5000));
        Assert.Equal((Moment.Before, Moment.Before), (entry.Read().ActivityHeldUntil, entry.Read().SignalHeldUntil));
        Assert.Equal((new Moment(100), new Moment(300)), (entry.LastActivity, entry.LastSignal));
    }

    /// <summary>
    /// The promise itself, on two threads: one touches as fast as it can, the other commits the end of what it saw. If the end is
    /// committed, the last touch that was told "alive" is the one it saw.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task TouchAgainstCommit_NoEndIgnoresATouchToldAlive(bool isActivity)
    {
        const int Rounds = 20_000;
        var entries = new SessionEntry[Rounds];
        var lastAlive = new long[Rounds];
        var committed = new long[Rounds];
        for (var round = 0; round < Rounds; round++)
        {
            entries[round] = Entry();
        }

        using var barrier = new Barrier(2);
        var toucher = OnItsOwnThread(() =>
        {
            for (var round = 0; round < Rounds; round++)
            {
                barrier.SignalAndWait();
                lastAlive[round] = 10;
                for (var now = 11; !IsOver(entries[round]); now++)
                {
                    lastAlive[round] = entries[round].TryTouch(new Moment(now), isActivity) ? now : lastAlive[round];
                }
            }
        });
        var ender = OnItsOwnThread(() =>
        {
            for (var round = 0; round < Rounds; round++)
            {
                barrier.SignalAndWait();
                SessionSnapshot seen;
                do
                {
                    seen = entries[round].Read();
                }
                while (!entries[round].TryCommit(seen, Ended(seen), Moment.Never));
                committed[round] = seen.LastSignal.Ticks;
            }
        });
        await Task.WhenAll(toucher, ender);

        Assert.All(Enumerable.Range(0, Rounds), round => Assert.InRange(lastAlive[round], 10, committed[round]));
    }

    /// <summary>A commit that lets the session live must not write over the stamp of a touch it never saw.</summary>
    [Fact]
    public async Task TouchAgainstCommit_NoStampIsLost()
    {
        const int Touches = 300_000;
        var entry = Entry();
        var done = false;
        var lost = 0;
        var toucher = OnItsOwnThread(() =>
        {
            for (var now = 11; now < Touches; now++)
            {
                lost += entry.TryTouch(new Moment(now), isActivity: true) && entry.LastActivity != new Moment(now) ? 1 : 0;
            }

            Volatile.Write(ref done, true);
        });
        var committer = OnItsOwnThread(() =>
        {
            while (!Volatile.Read(ref done))
            {
                var seen = entry.Read();
                entry.TryCommit(seen, seen, Moment.Never);
            }
        });
        await Task.WhenAll(toucher, committer);

        Assert.Equal(0, lost);
    }

    private static bool IsOver(SessionEntry entry) => entry.Read().State == SessionState.Ended;

    private static Task OnItsOwnThread(Action work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static SessionEntry Entry(long nextDue = long.MaxValue)
    {
        var entry = new SessionEntry(SessionId.Create(), PublicId.Create(), new Moment(10));
        entry.Prepare(new Moment(nextDue), isConfirmed: true);
        return entry;
    }

    private static SessionHold Hold(SessionEntry entry, bool isActivity, long until) =>
        new SessionHold().For(entry, isActivity, new Moment(until));

    private static SessionSnapshot Ended(SessionSnapshot seen)
    {
        Clockwork.End(ref seen, SessionEndReason.Exited, Moment.Before, Sample.Timings(), Moment.Before);
        return seen;
    }
}
