using SessionLifetime.Events;
using SessionLifetime.Tests.Fakes;
using SessionLifetime.Time;

namespace SessionLifetime.Tests.Events;

public sealed class HandlerWatchTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();
    private long _running;

    [Fact]
    public void A_call_is_abandoned_when_its_limit_has_passed_and_not_before()
    {
        using var watch = Watch(most: 1);
        var call = new Call();
        Assert.True(watch.TryBegin(call));

        Pass(s_limit - TimeSpan.FromSeconds(1));
        Assert.False(call.IsAbandoned);

        Pass(TimeSpan.FromSeconds(1));
        Assert.True(call.IsAbandoned);
    }

    [Fact]
    public void Time_in_which_the_process_did_not_run_is_not_a_running_call()
    {
        using var watch = Watch(most: 1);
        var call = new Call();
        watch.TryBegin(call);
        Pass(TimeSpan.FromSeconds(20));

        // Stopped for an hour: the timer fires at once, and the service clock stands.
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(call.IsAbandoned);

        Pass(TimeSpan.FromSeconds(9));
        Assert.False(call.IsAbandoned);
        Pass(TimeSpan.FromSeconds(1));
        Assert.True(call.IsAbandoned);
    }

    [Fact]
    public void Nor_is_it_a_call_that_waits_for_its_place()
    {
        using var watch = Watch(most: 1);
        var (running, waiting) = (new Call(), new Call());
        watch.TryBegin(running);
        Assert.False(watch.TryBegin(waiting));

        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal((false, false), (waiting.IsLate, waiting.IsResumed));

        Pass(s_limit);
        Assert.Equal((true, true, true), (running.IsAbandoned, waiting.IsLate, waiting.IsResumed));
    }

    private HandlerWatch Watch(int most) => new(new ProcessClock(new SessionClock(_time, () => _running)), _time, s_limit, most);

    /// <summary>Time passes for the process and for the clock on the wall.</summary>
    private void Pass(TimeSpan time)
    {
        _running += (long)time.TotalMilliseconds;
        _time.Advance(time);
    }

    private sealed class Call : WatchedCall
    {
        public bool IsAbandoned { get; private set; }

        public bool IsResumed { get; private set; }

        public bool IsLate { get; private set; }

        public override bool TryAbandon() => IsAbandoned = true;

        public override void ReportAbandoned()
        {
        }

        public override void Resume() => IsResumed = true;

        public override void OnLate() => IsLate = true;
    }
}
