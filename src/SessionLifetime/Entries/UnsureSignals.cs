namespace SessionLifetime.Entries;

/// <summary>Which stamps of a session moved while nobody knew the time.</summary>
[Flags]
internal enum UnsureSignals
{
    None = 0,
    Activity = 1,
    Signal = 2,
    IdleReset = 4,
    Arrival = 8,
}
