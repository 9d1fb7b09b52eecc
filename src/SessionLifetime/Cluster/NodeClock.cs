using SessionLifetime.Time;

namespace SessionLifetime.Cluster;

/// <summary>Service time as one node knows it, and whether the node has heard from the store just now.</summary>
/// <remarks>
/// <para>
/// Every answer to a heartbeat is an anchor: the store's clocks, counted from when the heartbeat was sent. The <i>lease</i> is valid for half the guard
/// from that moment, by whichever of the monotonic and the wall clock ran further (the former stands still while a machine is suspended). Without a
/// lease the clock stands.
/// </para>
/// <para>
/// A new anchor may put the clock forward, never back: where it says less, the clock stands until that time has come. What it was put forward is no
/// time that passed for the node: it adds nothing to the age of a touch (<see cref="AgeOf"/>).
/// </para>
/// <para>
/// With the system's time provider elapsed time is its coarse counter (<see cref="SystemCounter"/>), and the wall clock is compared once for each of its
/// steps: a process is suspended and resumed for longer than a step, so that none runs before and after it within the same one.
/// </para>
/// </remarks>
/// <param name="time">Measures elapsed time.</param>
/// <param name="pace">The durations.</param>
internal sealed class NodeClock(TimeProvider time, ClusterPace pace) : IServiceTime
{
    /// <summary>Of more the oldest count as one.</summary>
    private const int MaxJumps = 256;

    private readonly Lock _lock = new();
    private readonly bool _isCoarse = time == TimeProvider.System;
    private readonly long _origin = time.GetTimestamp();
    private volatile Anchor _anchor = new(0, default, IsReal: false, TimeSpan.Zero, TimeSpan.Zero, new(1), Moment.Never);

    /// <summary>When the clock was put forward, and by how much altogether up to then.</summary>
    private volatile (Moment At, TimeSpan Total)[] _jumps = [];

    /// <summary>The step of the coarse counter at which the wall clock agreed that the lease is valid. A later anchor's is valid for longer.</summary>
    private long _agreedAt = long.MinValue;

    private volatile bool _hasEnded;

    public Moment Now => NowBy(_anchor);

    public Moment NowForTouch => _anchor is var anchor && Ticks is var ticks && IsValid(anchor, ticks) ? NowBy(anchor, ticks) : Moment.Never;

    /// <summary>Whether the store has been heard at all: before that, no moment is known.</summary>
    public bool IsKnown => _anchor.IsReal;

    /// <summary>Whether the lease is valid.</summary>
    public bool HasLease => IsValid(_anchor);

    /// <summary>Whether the lease has been valid for the guard without a break.</summary>
    public bool IsSettled => _anchor is var anchor && IsValid(anchor) && anchor.ValidSince + pace.Guard <= NowBy(anchor);

    /// <summary>How much is taken off the store's time to have service time.</summary>
    public TimeSpan TakenOff => _anchor.Store - _anchor.Service;

    /// <summary>How long ago the last accepted heartbeat was sent, by elapsed time.</summary>
    public TimeSpan SinceHeard => _anchor is { IsReal: true } anchor ? Elapsed(anchor) : TimeSpan.MaxValue;

    /// <summary>The moment a heartbeat is sent at.</summary>
    public SendMoment Send() => new(Ticks, time.GetUtcNow());

    /// <summary>How long ago that was.</summary>
    public TimeSpan Since(SendMoment sent) => Longer(new(Ticks - sent.Ticks), time.GetUtcNow() - sent.Utc);

    /// <summary>The store has answered.</summary>
    /// <param name="sent">When it was asked.</param>
    /// <param name="answered">Its clocks.</param>
    /// <returns>False when the answer came too late to say anything.</returns>
    public bool TryAccept(SendMoment sent, StoreTime answered)
    {
        lock (_lock)
        {
            if (Since(sent) > pace.Flush)
            {
                return false;
            }

            var old = _anchor;
            var (before, wasValid) = (NowBy(old), IsValid(old));
            var sinceSent = new TimeSpan(Ticks - sent.Ticks);
            var told = new Moment((answered.Service + sinceSent).Ticks);
            if (!old.IsReal)
            {
                before = told;
            }
            else if (told > before)
            {
                var jumps = _jumps;
                var total = (jumps.Length == 0 ? TimeSpan.Zero : jumps[^1].Total) + told.Since(before);
                _jumps = [.. jumps.TakeLast(MaxJumps - 1), (before, total)];
            }

            var floor = Moment.Later(before, told);
            _anchor = new(sent.Ticks, sent.Utc, IsReal: true, answered.Service, answered.Store, floor, wasValid ? old.ValidSince : floor);
            return true;
        }
    }

    /// <summary>The node leaves: it has no lease any more, and what it is still asked for is brought to the store.</summary>
    public void End() => _hasEnded = true;

    /// <summary>How long ago a stamp was made, by the time that passed for this node.</summary>
    public TimeSpan AgeOf(Moment stamp)
    {
        var now = Now;
        return now <= stamp ? TimeSpan.Zero : now.Since(stamp) - StoppedSince(stamp);
    }

    public TimeSpan StoppedSince(Moment moment)
    {
        var jumps = _jumps;
        if (jumps.Length == 0)
        {
            return TimeSpan.Zero;
        }

        for (var index = jumps.Length - 1; index >= 0; index--)
        {
            if (jumps[index].At < moment)
            {
                return jumps[^1].Total - jumps[index].Total;
            }
        }

        return jumps[^1].Total;
    }

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a >= b ? a : b;

    /// <summary>Elapsed time, from anywhere.</summary>
    private long Ticks => _isCoarse ? SystemCounter.Ticks : time.GetElapsedTime(_origin).Ticks;

    private bool IsValid(Anchor anchor) => IsValid(anchor, Ticks);

    private bool IsValid(Anchor anchor, long ticks) =>
        anchor.IsReal && !_hasEnded && ticks - anchor.Ticks < pace.Lease.Ticks && ((_isCoarse && Volatile.Read(ref _agreedAt) == ticks) || WallAgrees(anchor, ticks));

    private bool WallAgrees(Anchor anchor, long ticks)
    {
        var agrees = time.GetUtcNow() - anchor.Utc < pace.Lease;
        if (agrees)
        {
            Volatile.Write(ref _agreedAt, ticks);
        }

        return agrees;
    }

    private TimeSpan Elapsed(Anchor anchor) => Longer(new(Ticks - anchor.Ticks), time.GetUtcNow() - anchor.Utc);

    private Moment NowBy(Anchor anchor) => NowBy(anchor, Ticks);

    private Moment NowBy(Anchor anchor, long ticks)
    {
        if (!anchor.IsReal)
        {
            return anchor.Floor;
        }

        var elapsed = Math.Min(ticks - anchor.Ticks, pace.Lease.Ticks);
        return Moment.Later(anchor.Floor, new(anchor.Service.Ticks + elapsed));
    }

    private sealed record Anchor(long Ticks, DateTimeOffset Utc, bool IsReal, TimeSpan Service, TimeSpan Store, Moment Floor, Moment ValidSince);
}
