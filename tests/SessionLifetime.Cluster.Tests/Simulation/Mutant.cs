namespace SessionLifetime.Cluster.Tests.Simulation;

/// <summary>A rule that is broken on purpose, to see that the oracle notices.</summary>
internal enum Mutant
{
    None,

    /// <summary>A node decides without waiting for what the others have accepted.</summary>
    NoWatermarks,

    /// <summary>A decision overlooks touches that came after it was made.</summary>
    NoStamps,

    /// <summary>Touches are answered from memory up to the deadline.</summary>
    NoGuard,

    /// <summary>What counts for nothing is answered from memory, however long ago the store was heard from.</summary>
    UnaskedLooks,

    /// <summary>A batch of touches is said to be in the store, and is not.</summary>
    LostTouches,

    /// <summary>An event that was taken with an answer that was lost is not given again.</summary>
    LostEvents,

    /// <summary>An event is given to every node that asks.</summary>
    SharedEvents,
}
