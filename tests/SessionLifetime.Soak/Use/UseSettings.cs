namespace SessionLifetime.Soak.Use;

/// <summary>The clocks of the server, and how late a loaded machine may be. Seconds.</summary>
internal static class UseSettings
{
    public const double SessionTimeout = 20;

    public const double Countdown = 10;

    public const double SignalTimeout = 40;

    public const double Ping = 5;

    public const double SelfDestruct = 8;

    public const double Sweep = 1;

    /// <summary>How much earlier than a deadline an event may seem to come: the stamps of the observer are not those of the library.</summary>
    public const double Early = 0.3;

    /// <summary>How much later, beside the sweep and the time in which this process did not run.</summary>
    public const double Late = 4;

    /// <summary>How much earlier than a deadline counted from what the script did: the script's moment and the page's differ by the way through the driver.</summary>
    public const double EarlyForUser = 1.5;

    /// <summary>What two requests of one page that overlap may change places by.</summary>
    public const double Overlap = 0.5;

    public static void Configure(SessionLifetimeOptions options)
    {
        options.SessionTimeout = TimeSpan.FromSeconds(SessionTimeout);
        options.CountdownDuration = TimeSpan.FromSeconds(Countdown);
        options.SignalTimeout = TimeSpan.FromSeconds(SignalTimeout);
        options.KeepAliveInterval = TimeSpan.FromSeconds(Ping);
        options.SelfDestructOnUnload = TimeSpan.FromSeconds(SelfDestruct);
        options.SweepInterval = TimeSpan.FromSeconds(Sweep);
        options.UnloadGrace = TimeSpan.FromSeconds(3);
    }
}
