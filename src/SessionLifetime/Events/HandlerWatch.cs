using System.Runtime.InteropServices;
using SessionLifetime.Entries;
using SessionLifetime.Time;

namespace SessionLifetime.Events;

/// <summary>
/// Sees to it that no more calls of the app's code run at once than may, and that none runs past its time limit, also one that blocks its thread.
/// </summary>
/// <remarks>
/// <para>
/// Calls stand in a list in the order they started; as all have the same limit, the first is always the next to be late, and one timer, armed only
/// while there is something to watch, is enough for any number of calls.
/// </para>
/// <para>
/// A call beyond the most waits for its place, in the order in which it came; a place becomes free when a call ends or is abandoned. Calls for which
/// a browser waits go first, but leave every fourth place to the others, so that these cannot starve. A call that has waited for as long as it might
/// run is late: who waits for it goes on.
/// </para>
/// </remarks>
/// <param name="clock">By which clock: time in which the process did not run is not the calls'.</param>
/// <param name="time">Runs the timer, and says how long a call took.</param>
/// <param name="limit">How long a call may run, and how long it is waited for before it does.</param>
/// <param name="most">How many calls may run at once. Abandoned ones do not count.</param>
/// <param name="onFull">Called once, when the first call has to wait for its place.</param>
internal sealed class HandlerWatch(ProcessClock clock, TimeProvider time, TimeSpan limit, int most, Action<int>? onFull = null) : IDisposable
{
    /// <summary>Of so many places, one is for calls for which no browser waits.</summary>
    private const int FairShare = 4;

    private readonly Lock _lock = new();
    private IntrusiveList<WatchedCall> _running;
    private IntrusiveList<WatchedCall> _urgent;
    private IntrusiveList<WatchedCall> _waiting;
    private IntrusiveList<WatchedCall> _late;
    private ITimer? _timer;
    private uint _given;
    private bool _isArmed;
    private bool _wasFull;

    public TimeSpan Limit => limit;

    /// <summary>How many calls wait for their place.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _urgent.Count + _waiting.Count + _late.Count;
            }
        }
    }

    /// <summary>Begins a call if there is a place for it.</summary>
    /// <returns>False when it has to wait: it is resumed when it has its place.</returns>
    public bool TryBegin(WatchedCall call)
    {
        var isFirst = false;
        lock (_lock)
        {
            Stamp(call);
            if (!_isArmed)
            {
                Arm(limit);
            }

            if (_running.Count < most)
            {
                _running.AddLast(call);
                return true;
            }

            (call.IsUrgent ? ref _urgent : ref _waiting).AddLast(call);
            (isFirst, _wasFull) = (!_wasFull, true);
        }

        if (isFirst)
        {
            onFull?.Invoke(most);
        }

        return false;
    }

    /// <summary>The call is over: its place goes to the next.</summary>
    public void End(WatchedCall call)
    {
        WatchedCall? next;
        lock (_lock)
        {
            next = _running.Remove(call) ? TakeNext() : null;
        }

        next?.Resume();
    }

    /// <summary>How long a call has taken.</summary>
    public TimeSpan Elapsed(WatchedCall call) => time.GetElapsedTime(call.Timestamp);

    public void Dispose() => _timer?.Dispose();

    /// <summary>Gives a place to one that waits.</summary>
    private WatchedCall? TakeNext()
    {
        if (_running.Count >= most)
        {
            return null;
        }

        var isForAll = _urgent.First is null || ++_given % FairShare == 0;
        var next = (isForAll ? _late.First ?? _waiting.First : null) ?? _urgent.First;
        if (next is not null)
        {
            (next == _urgent.First ? ref _urgent : ref next == _late.First ? ref _late : ref _waiting).Remove(next);
            Stamp(next);
            _running.AddLast(next);
        }

        return next;
    }

    private void Stamp(WatchedCall call) => (call.StartedAt, call.Timestamp) = (clock.Now, time.GetTimestamp());

    private void Arm(TimeSpan after)
    {
        _isArmed = true;
        _timer ??= time.CreateTimer(static state => ((HandlerWatch)state!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(after, Timeout.InfiniteTimeSpan);
    }

    private void Look()
    {
        var overdue = new List<WatchedCall>();
        var late = new List<WatchedCall>();
        var started = new List<WatchedCall>();
        lock (_lock)
        {
            _isArmed = false;
            var left = Min(TakeOverdue(ref _running, overdue), Min(TakeOverdue(ref _urgent, late), TakeOverdue(ref _waiting, late)));
            foreach (var call in CollectionsMarshal.AsSpan(late))
            {
                _late.AddLast(call);
            }

            while (TakeNext() is { } next)
            {
                started.Add(next);
                left = Min(left, limit);
            }

            if (left < TimeSpan.MaxValue)
            {
                Arm(left);
            }
        }

        // All go on before any is logged or told: that may take its time.
        var abandoned = overdue.FindAll(static call => call.TryAbandon());
        started.ForEach(static call => call.Resume());
        late.ForEach(static call => call.OnLate());
        abandoned.ForEach(static call => call.ReportAbandoned());
    }

    /// <summary>Takes those out whose time is up.</summary>
    /// <returns>How long until the time of the next is up; the largest value when there is none.</returns>
    private TimeSpan TakeOverdue(ref IntrusiveList<WatchedCall> list, List<WatchedCall> overdue)
    {
        while (list.First is { } first)
        {
            var left = limit - clock.Now.Since(first.StartedAt);
            if (left > TimeSpan.Zero)
            {
                return left;
            }

            overdue.Add(first);
            list.Remove(first);
        }

        return TimeSpan.MaxValue;
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
