namespace SessionLifetime.Tests.Engine;

/// <summary>Options of one random history, in milliseconds; null where the option is not set.</summary>
internal sealed record OracleSettings(
    long Timeout,
    long? Countdown,
    long? Signal,
    long? Absolute,
    long? Unconfirmed,
    long UnloadGrace,
    long? SelfDestructOnUnload,
    long MaxHold,
    bool AllowStretch)
{
    public static OracleSettings Random(Random random)
    {
        return new(
            random.Next(8) == 0 ? 0 : random.Next(1, 40) * 100,
            Maybe(3),
            Maybe(3),
            Maybe(4, 20),
            Maybe(6),
            random.Next(3) == 0 ? 0 : random.Next(1, 10) * 100,
            Maybe(3),
            random.Next(1, 60) * 100,
            random.Next(4) != 0);

        long? Maybe(int odds, int scale = 1) => random.Next(odds) == 0 ? random.Next(1, 50) * 100L * scale : null;
    }

    public void Apply(SessionLifetimeOptions options)
    {
        options.SessionTimeout = Span(Timeout);
        options.CountdownDuration = Span(Countdown);
        options.SignalTimeout = Span(Signal);
        options.AbsoluteTimeout = Span(Absolute);
        options.UnconfirmedTimeout = Span(Unconfirmed);
        options.UnloadGrace = Span(UnloadGrace);
        options.SelfDestructOnUnload = Span(SelfDestructOnUnload);
        options.MaxRequestHold = Span(MaxHold);
        options.AllowStretch = AllowStretch;
        options.SweepInterval = TimeSpan.FromMilliseconds(500);

        // The clock jumps while handlers run.
        options.HandlerTimeout = TimeSpan.FromDays(1);
    }

    private static TimeSpan Span(long milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    private static TimeSpan? Span(long? milliseconds) => milliseconds is { } value ? Span(value) : null;
}
