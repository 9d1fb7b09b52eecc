namespace SessionLifetime.Policy;

/// <summary>A sign that the browser is there, and what it tells of the user.</summary>
internal readonly struct SignalReport
{
    /// <summary>The page is open; its user does nothing.</summary>
    public static SignalReport Alive => default;

    /// <summary>The user did something just now.</summary>
    public static readonly SignalReport Activity = new() { IdleFor = TimeSpan.Zero };

    /// <summary>A page detaches: a signal that disarms nothing.</summary>
    public static readonly SignalReport Detach = new() { DisarmsNothing = true };

    /// <summary>How long ago the user was active, where the signal says so. Not negative.</summary>
    public TimeSpan? IdleFor { get; init; }

    /// <summary>Whether the page asks to live as long as it is open.</summary>
    public bool IsStretch { get; init; }

    /// <summary>Whether it leaves the self-destruct armed: a detach, and what comes from the page whose detach has armed it.</summary>
    public bool DisarmsNothing { get; init; }

    /// <summary>Whether it moves nothing but the two stamps, to now.</summary>
    public bool IsPlain => !IsStretch && !DisarmsNothing && (IdleFor is null || IdleFor == TimeSpan.Zero);

    /// <summary>Whether the user did something just now.</summary>
    public bool IsActivity => IdleFor == TimeSpan.Zero;
}
