namespace SessionLifetime.Cluster.Tests.Simulation;

/// <summary>What a client was answered.</summary>
internal enum Outcome
{
    Alive,
    Ended,
    Unknown,

    /// <summary>The store could not be asked: 503.</summary>
    Unavailable,
}
