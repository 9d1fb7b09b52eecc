namespace SessionLifetime.Directories;

/// <summary>What the in-memory store may hold, and how finely it looks.</summary>
internal sealed record SessionDirectoryLimits
{
    /// <summary>The limits that the options ask for.</summary>
    public static SessionDirectoryLimits Of(SessionLifetimeOptions options) => new()
    {
        SweepInterval = options.SweepInterval,
        MaxSessions = options.MaxSessions,
        MaxSessionsPerUser = options.MaxSessionsPerUser,
        MaxSessionsPerBrowser = options.MaxSessionsPerBrowser,
        MaxEndedSessions = options.MaxEndedSessions,
        EndedSessionRetention = options.EndedSessionRetention,
        ExitPatience = options.HandlerTimeout * 4,
    };

    /// <summary>The time between two sweeps, which says how fine the due index has to be.</summary>
    public required TimeSpan SweepInterval { get; init; }

    public required int MaxSessions { get; init; }

    /// <summary>Null: no limit.</summary>
    public int? MaxSessionsPerUser { get; init; }

    /// <summary>Null: no limit.</summary>
    public int? MaxSessionsPerBrowser { get; init; }

    public required int MaxEndedSessions { get; init; }

    public required TimeSpan EndedSessionRetention { get; init; }

    /// <summary>How long those who wait for an exit wait for the handlers of another process, and for it to be found gone.</summary>
    public TimeSpan ExitPatience { get; init; } = TimeSpan.FromMinutes(2);
}
