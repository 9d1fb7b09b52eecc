using SessionLifetime.Time;

namespace SessionLifetime.Tests.Time;

public sealed class SessionClockTests
{
    private long _counter = 5_000;

    [Fact]
    public void Now_WhileTheWatchRuns_IsTheCounter()
    {
        using var clock = Watched();
        for (var step = 0; step < 100; step++)
        {
            _counter += 250;
            clock.Step();
        }

        Assert.Equal(25_000, Milliseconds(clock.Now));
        Assert.Equal(TimeSpan.Zero, clock.NotRunningSince(new Moment(1)));
    }

    [Fact]
    public void Now_WhileTheProcessDoesNotRun_StandsASecondAhead()
    {
        using var clock = Watched();
        _counter += 900;
        Assert.Equal(900, Milliseconds(clock.Now));
        _counter += 20_000;

        Assert.Equal(1_000, Milliseconds(clock.Now));
    }

    [Fact]
    public void Step_AfterAStretch_TakesItOffAndTellsHowLongItWas()
    {
        using var clock = Watched();
        var told = new List<TimeSpan>();
        clock.Resumed += told.Add;
        var before = clock.Now;
        _counter += 20_000;
        var stopped = clock.Now;
        clock.Step();

        Assert.Equal(stopped, clock.Now);
        Assert.Equal([TimeSpan.FromSeconds(19)], told);
        Assert.Equal(TimeSpan.FromSeconds(19), clock.NotRunningSince(before));
        Assert.Equal(TimeSpan.Zero, clock.NotRunningSince(clock.Now + TimeSpan.FromTicks(1)));
        _counter += 300;
        clock.Step();
        Assert.Equal(1_300, Milliseconds(clock.Now));
    }

    [Fact]
    public void NotRunningSince_CountsTheStretchesAfterTheMomentOnly()
    {
        using var clock = Watched();
        var moments = new List<Moment>();
        for (var stretch = 0; stretch < 5; stretch++)
        {
            moments.Add(clock.Now);
            _counter += 11_000;
            clock.Step();
            _counter += 10;
            clock.Step();
        }

        Assert.Equal(moments.Select(static (_, index) => TimeSpan.FromSeconds(10 * (5 - index))), moments.Select(clock.NotRunningSince));
    }

    [Fact]
    public void NotRunningSince_OfMoreStretchesThanAreKept_StillCountsThemAll()
    {
        using var clock = Watched();
        var start = clock.Now;
        for (var stretch = 0; stretch < 1_000; stretch++)
        {
            _counter += 2_000;
            clock.Step();
        }

        Assert.Equal(TimeSpan.FromSeconds(1_000), clock.NotRunningSince(start));
    }

    [Fact]
    public void Now_ReadBesideTheWatch_NeverGoesBack()
    {
        using var clock = Watched();
        using var stop = new CancellationTokenSource();
        Exception? failure = null;
        var guarded = new Thread(() => failure = Record.Exception(() =>
        {
            var last = clock.Now;
            while (!stop.IsCancellationRequested)
            {
                var now = clock.Now;
                Assert.True(now >= last, $"The clock went from {last} to {now}.");
                last = now;
            }
        }));
        guarded.Start();
        for (var step = 0; step < 200_000; step++)
        {
            Interlocked.Add(ref _counter, step % 3 == 0 ? 1_500 : 40);
            clock.Step();
        }

        stop.Cancel();
        guarded.Join();
        Assert.Null(failure);
    }

    [Fact]
    public void Watch_WithAnotherTimeProvider_TrustsItAsItIs()
    {
        var time = new Fakes.FakeTimeProvider();
        using var clock = new SessionClock(time);
        clock.Watch();
        time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(TimeSpan.FromHours(1).TotalMilliseconds, Milliseconds(clock.Now));
    }

    [Fact]
    public void ToUtc_OfAMomentBeforeAStretch_IsWhenItWas()
    {
        var time = new Fakes.FakeTimeProvider();
        using var clock = new SessionClock(time, () => (long)time.GetElapsedTime(0).TotalMilliseconds);
        clock.Step();
        var (then, at) = (clock.Now, time.GetUtcNow());
        time.Advance(TimeSpan.FromSeconds(61));
        clock.Step();

        Assert.Equal(at, clock.ToUtc(then), TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public void Dispose_TheClockRunsOnWithTheCounter()
    {
        var clock = Watched();
        clock.Dispose();
        _counter += 60_000;

        Assert.Equal(60_000, Milliseconds(clock.Now));
    }

    private static double Milliseconds(Moment moment) => (moment.Ticks - 1) / (double)TimeSpan.TicksPerMillisecond;

    private SessionClock Watched()
    {
        var clock = new SessionClock(TimeProvider.System, () => Volatile.Read(ref _counter));
        clock.Step();
        return clock;
    }
}
