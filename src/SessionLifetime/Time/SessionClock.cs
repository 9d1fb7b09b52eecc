namespace SessionLifetime.Time;

/// <summary>
/// The clock of one process: elapsed time since it was made, less every stretch in which the process did not run. A change of the wall clock
/// moves nothing; the calendar is only asked to show people when things happened.
/// </summary>
/// <remarks>
/// <para>
/// A process that was stopped (a suspended container or machine, a debugger, a long collection) received no signal, so that time is not
/// silence of a browser. While <see cref="Watch"/> runs, a thread moves a limit <see cref="s_lead"/> ahead every <see cref="s_step"/>. Now is the smaller of
/// counter and limit: where the thread does not run, the clock stands at the limit; when it runs again, it takes off what the counter ran
/// past it. So a stretch without the process moves the clock by the lead at most.
/// </para>
/// <para>
/// Only the system's time provider is watched; any other is trusted as it is. The system's is read by its coarse counter
/// (<see cref="SystemCounter"/>).
/// </para>
/// <para>
/// The order of reads makes the clock monotonic without a lock: limit, then what was taken off, then the counter. The writer goes the other
/// way: a reader that sees the new limit sees what was taken off, and then reads a counter that is past the old limit.
/// </para>
/// </remarks>
internal sealed class SessionClock : IDisposable
{
    private static readonly TimeSpan s_lead = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(250);

    /// <summary>Of more stretches the oldest count as one.</summary>
    private const int MaxStretches = 256;

    private readonly TimeProvider _time;
    private readonly Func<long>? _counter;
    private readonly IServiceTime? _service;
    private readonly bool _isCoarse;
    private readonly long _startAt;
    private readonly long _origin;
    private readonly long _coarseOrigin;
    private readonly Lock _lock = new();
    private readonly ManualResetEventSlim _stopped = new();

    /// <summary>The stretches without the process: when each began on this clock, and how much was taken off up to its end.</summary>
    private (Moment At, long TakenOff)[] _stretches = [];

    private long _limit = long.MaxValue;
    private long _takenOff;
    private bool _isWatching;

    /// <param name="time">The time provider.</param>
    /// <param name="startAt">What the clock shows now.</param>
    public SessionClock(TimeProvider time, TimeSpan startAt = default)
        : this(time, counter: null) => _startAt = startAt.Ticks;

    /// <summary>The clock of a node whose sessions are in a store: service time.</summary>
    /// <param name="time">The time provider, for what people are shown.</param>
    /// <param name="service">Service time, as this node knows it.</param>
    public SessionClock(TimeProvider time, IServiceTime service)
    {
        (_time, _service) = (time, service);
        _origin = time.GetTimestamp();
    }

    /// <summary>A clock whose counter is another than the system's.</summary>
    /// <param name="time">The time provider, for what people are shown.</param>
    /// <param name="counter">The counter, in milliseconds; null for that of the provider.</param>
    internal SessionClock(TimeProvider time, Func<long>? counter)
    {
        _time = time;
        _isCoarse = counter is not null || time == TimeProvider.System;
        _counter = counter;
        _origin = time.GetTimestamp();
        _coarseOrigin = Coarse();
    }

    /// <summary>Raised after a stretch in which the process did not run, by the thread that found it.</summary>
    public event Action<TimeSpan>? Resumed;

    /// <summary>Now.</summary>
    /// <remarks>One tick past the start: moment 0 stands for "not set".</remarks>
    public Moment Now
    {
        get
        {
            if (!_isCoarse)
            {
                return Exact;
            }

            var limit = Volatile.Read(ref _limit);
            var takenOff = Volatile.Read(ref _takenOff);
            return new(Math.Min(Elapsed() - takenOff, limit) + 1);
        }
    }

    /// <summary>
    /// Now, for a touch that is to be answered from memory; <see cref="Moment.Never"/>, which is after every deadline, where this node may not answer
    /// from memory at all.
    /// </summary>
    public Moment NowForTouch => _isCoarse || _service is null ? Now : _service.NowForTouch;

    private Moment Exact => _service?.Now ?? new(_time.GetElapsedTime(_origin).Ticks + _startAt + 1);

    /// <summary>A moment by the wall clock of now. It does not jump as the coarse counter does.</summary>
    /// <param name="moment">A moment of this clock.</param>
    public DateTimeOffset ToUtc(Moment moment)
    {
        var takenOff = new TimeSpan(Volatile.Read(ref _takenOff));
        return _time.GetUtcNow() - ((Exact - takenOff).Since(moment) + NotRunningSince(moment));
    }

    /// <summary>How long the process did not run since a moment.</summary>
    /// <param name="moment">A moment of this clock.</param>
    public TimeSpan NotRunningSince(Moment moment)
    {
        if (_service is not null)
        {
            return _service.StoppedSince(moment);
        }

        var stretches = Volatile.Read(ref _stretches);
        if (stretches.Length == 0)
        {
            return TimeSpan.Zero;
        }

        // Newest first: few sessions are older than the last stretch but one.
        for (var index = stretches.Length - 1; index >= 0; index--)
        {
            if (stretches[index].At < moment)
            {
                return new(stretches[^1].TakenOff - stretches[index].TakenOff);
            }
        }

        return new(stretches[^1].TakenOff);
    }

    /// <summary>Begins to notice when the process does not run; with a time provider other than the system's, nothing.</summary>
    public void Watch()
    {
        lock (_lock)
        {
            if (_isWatching || !_isCoarse || _time != TimeProvider.System)
            {
                return;
            }

            _isWatching = true;
        }

        Step();
        new Thread(WatchSteps) { IsBackground = true, Name = "SessionLifetime clock", Priority = ThreadPriority.AboveNormal }.UnsafeStart();
    }

    /// <summary>Stops watching: the clock runs on with the counter.</summary>
    public void Dispose()
    {
        _stopped.Set();
        lock (_lock)
        {
            Volatile.Write(ref _limit, long.MaxValue);
        }
    }

    /// <summary>One step of the watch: takes off what the counter ran past the limit, and moves the limit ahead.</summary>
    internal void Step()
    {
        var excess = 0L;
        lock (_lock)
        {
            if (_stopped.IsSet)
            {
                return;
            }

            var elapsed = Elapsed();
            excess = _limit == long.MaxValue ? 0 : elapsed - _takenOff - _limit;
            if (excess > 0)
            {
                var total = _takenOff + excess;
                Volatile.Write(ref _stretches, [.. _stretches.TakeLast(MaxStretches - 1), (new Moment(_limit + 1), total)]);
                Volatile.Write(ref _takenOff, total);
            }

            Volatile.Write(ref _limit, elapsed - _takenOff + s_lead.Ticks);
        }

        if (excess > 0)
        {
            Resumed?.Invoke(new(excess));
        }
    }

    private long Coarse() => _counter is null ? SystemCounter.Ticks : _counter() * TimeSpan.TicksPerMillisecond;

    private long Elapsed() => Coarse() - _coarseOrigin + _startAt;

    private void WatchSteps()
    {
        while (!_stopped.Wait(s_step))
        {
            Step();
        }
    }
}
