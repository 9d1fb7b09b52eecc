namespace SessionLifetime.Events;

/// <summary>The events of a session, as a set.</summary>
[Flags]
internal enum SessionEventKind
{
    None = 0,
    SessionStarted = 1,
    SessionResumed = 2,
    SessionTimeout = 4,
    PageUnloaded = 8,
    ApplicationExit = 16,
    SessionLeaving = 32,
}
