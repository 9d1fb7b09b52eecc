namespace SessionLifetime.Tests.Sessions;

public sealed class SessionCellTests
{
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);

    [Fact]
    public void TryCommit_TouchedSinceSeen_Fails()
    {
        var cell = Cell();
        var seen = cell.Read();

        Assert.True(cell.TryTouch(new Moment(20), isActivity: false));

        Assert.False(cell.TryCommit(seen, Ended(seen), Moment.Never));
        Assert.True(cell.TryTouch(new Moment(21), isActivity: true));
        Assert.Equal((new Moment(21), new Moment(21)), (cell.LastActivity, cell.LastSignal));
    }

    [Fact]
    public void TryCommit_RequestBegunSinceSeen_Fails()
    {
        var cell = Cell();
        var seen = cell.Read();
        Assert.True(cell.TryBegin(Hold(cell, isActivity: true, until: 100), cell.LastSignal));

        Assert.False(cell.TryCommit(seen, Ended(seen), Moment.Never));
    }

    [Fact]
    public void TryCommit_PageAttachedSinceSeen_Fails()
    {
        var cell = Cell();
        var seen = cell.Read();
        Assert.True(PageId.TryCreate("p", out var page));
        Assert.True(cell.TryAttachPage(page, PageId.None, new Moment(10), s_hour));

        Assert.False(cell.TryCommit(seen, Ended(seen), Moment.Never));
    }

    [Fact]
    public void TryCommit_CommittedSinceSeen_Fails()
    {
        var cell = Cell();
        var seen = cell.Read();
        Assert.True(cell.TryCommit(seen, seen, Moment.Never));

        Assert.False(cell.TryCommit(seen, Ended(seen), Moment.Never));
    }

    [Fact]
    public void TryTouch_Ended_IsRefusedForEver()
    {
        var cell = Cell();
        var seen = cell.Read();
        Assert.True(cell.TryCommit(seen, Ended(seen), Moment.Never));

        Assert.False(cell.TryTouch(new Moment(20), isActivity: true));
        Assert.False(cell.TryBegin(Hold(cell, isActivity: true, until: 100), new Moment(20)));
        Assert.False(cell.TryHold(Hold(cell, isActivity: true, until: 100), new Moment(20)));
        Assert.False(cell.TryCommit(cell.Read(), seen, Moment.Never));
    }

    [Fact]
    public void TryTouch_SomethingMayBeDue_TakesTheSlowPath()
    {
        var cell = Cell(nextDue: 50);

        Assert.True(cell.TryTouch(new Moment(49), isActivity: false));
        Assert.False(cell.TryTouch(new Moment(50), isActivity: false));
        Assert.Equal(new Moment(49), cell.LastSignal);
    }

    [Fact]
    public void TryTouch_OlderMoment_MovesNothingBack()
    {
        var cell = Cell();
        Assert.True(cell.TryTouch(new Moment(30), isActivity: true));
        Assert.True(cell.TryTouch(new Moment(20), isActivity: true));

        Assert.Equal((new Moment(30), new Moment(30)), (cell.LastActivity, cell.LastSignal));
    }

    [Fact]
    public void Read_RequestsInFlight_ShowHowLongTheyHold()
    {
        var cell = Cell();
        var alive = Hold(cell, isActivity: false, until: 300);
        var first = Hold(cell, isActivity: true, until: 100);
        var second = Hold(cell, isActivity: true, until: 200);
        foreach (var hold in new[] { first, alive, second })
        {
            Assert.True(cell.TryBegin(hold, new Moment(15)));
        }

        Assert.Equal((new Moment(200), new Moment(300)), (cell.Read().ActivityHeldUntil, cell.Read().SignalHeldUntil));

        cell.Release(second, new Moment(40));
        cell.Release(second, new Moment(90));
        Assert.Equal((new Moment(100), new Moment(40)), (cell.Read().ActivityHeldUntil, cell.LastActivity));

        // Past its limit a request has stopped holding long ago.
        cell.Release(first, new Moment(5000));
        cell.Release(alive, new Moment(5000));
        Assert.Equal((Moment.Before, Moment.Before), (cell.Read().ActivityHeldUntil, cell.Read().SignalHeldUntil));
        Assert.Equal((new Moment(100), new Moment(300)), (cell.LastActivity, cell.LastSignal));
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
        var cells = new SessionCell[Rounds];
        var lastAlive = new long[Rounds];
        var committed = new long[Rounds];
        for (var round = 0; round < Rounds; round++)
        {
            cells[round] = Cell();
        }

        using var barrier = new Barrier(2);
        var toucher = OnItsOwnThread(() =>
        {
            for (var round = 0; round < Rounds; round++)
            {
                barrier.SignalAndWait();
                lastAlive[round] = 10;
                for (var now = 11; !IsOver(cells[round]); now++)
                {
                    lastAlive[round] = cells[round].TryTouch(new Moment(now), isActivity) ? now : lastAlive[round];
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
                    seen = cells[round].Read();
                }
                while (!cells[round].TryCommit(seen, Ended(seen), Moment.Never));
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
        var cell = Cell();
        var done = false;
        var lost = 0;
        var toucher = OnItsOwnThread(() =>
        {
            for (var now = 11; now < Touches; now++)
            {
                lost += cell.TryTouch(new Moment(now), isActivity: true) && cell.LastActivity != new Moment(now) ? 1 : 0;
            }

            Volatile.Write(ref done, true);
        });
        var committer = OnItsOwnThread(() =>
        {
            while (!Volatile.Read(ref done))
            {
                var seen = cell.Read();
                cell.TryCommit(seen, seen, Moment.Never);
            }
        });
        await Task.WhenAll(toucher, committer);

        Assert.Equal(0, lost);
    }

    private static bool IsOver(SessionCell cell) => cell.Read().State == SessionState.Ended;

    private static Task OnItsOwnThread(Action work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static SessionCell Cell(long nextDue = long.MaxValue)
    {
        var cell = new SessionCell(SessionId.Create(), PublicId.Create(), new Moment(10));
        cell.Prepare(new Moment(nextDue), isConfirmed: true);
        return cell;
    }

    private static RequestHold Hold(SessionCell cell, bool isActivity, long until) =>
        new RequestHold().For(cell, isActivity, new Moment(until));

    private static SessionSnapshot Ended(SessionSnapshot seen)
    {
        Clockwork.End(ref seen, SessionEndReason.Exited);
        return seen;
    }
}
