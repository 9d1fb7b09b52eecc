namespace SessionLifetime.Policy;

/// <summary>The durations in force for one session, every default resolved. <see cref="Never"/> stands for "never".</summary>
internal sealed class SessionTimings
{
    public static readonly TimeSpan Never = TimeSpan.MaxValue;

    /// <summary>WCAG 2.2.1: a warning leaves at least 20 seconds.</summary>
    private static readonly TimeSpan s_leastWarning = TimeSpan.FromSeconds(20);

    private SessionTimings(SessionLifetimeOptions options, TimeoutOverrides own)
    {
        var timeout = own.SessionTimeout ?? options.SessionTimeout;
        var countdown = own.CountdownDuration ?? options.CountdownDuration ?? timeout;
        SessionTimeout = timeout == TimeSpan.Zero ? Never : timeout;
        Countdown = countdown;
        Signal = own.SignalTimeout
            ?? options.SignalTimeout
            ?? (timeout == TimeSpan.Zero ? Never : Longer(Sum(timeout, timeout), Sum(timeout, countdown)));
        Absolute = own.AbsoluteTimeout ?? options.AbsoluteTimeout ?? Never;
        Unconfirmed = own.UnconfirmedTimeout ?? options.UnconfirmedTimeout ?? Never;
        AbsoluteWarning = Longer(countdown, s_leastWarning);
        KeepAlive = options.KeepAliveInterval ?? DefaultKeepAlive(SessionTimeout, Signal);
    }

    /// <summary>T: from the last sign of the user to <c>SessionTimeout</c>.</summary>
    public TimeSpan SessionTimeout { get; }

    /// <summary>C: from <c>SessionTimeout</c> to the end.</summary>
    public TimeSpan Countdown { get; }

    /// <summary>S: from the last signal of the browser to the end.</summary>
    public TimeSpan Signal { get; }

    /// <summary>A: from the start to the end, whatever happens.</summary>
    public TimeSpan Absolute { get; }

    /// <summary>From the start to the end of a session that is never heard of again.</summary>
    public TimeSpan Unconfirmed { get; }

    /// <summary>How long before the absolute end the browser is warned.</summary>
    public TimeSpan AbsoluteWarning { get; }

    /// <summary>How often an idle page pings.</summary>
    public TimeSpan KeepAlive { get; }

    public static SessionTimings Of(SessionLifetimeOptions options, TimeoutOverrides? own = null) =>
        new(options, own ?? TimeoutOverrides.None);

    private static TimeSpan DefaultKeepAlive(TimeSpan timeout, TimeSpan signal)
    {
        var interval = TimeSpan.FromSeconds(60);
        interval = timeout == Never ? interval : Shorter(interval, timeout / 3);
        interval = signal == Never ? interval : Shorter(interval, signal / 3);
        return Longer(interval, signal < TimeSpan.FromSeconds(3) ? TimeSpan.FromMilliseconds(250) : TimeSpan.FromSeconds(1));
    }

    private static TimeSpan Sum(TimeSpan a, TimeSpan b) => a > Never - b ? Never : a + b;

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a >= b ? a : b;

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a <= b ? a : b;
}
