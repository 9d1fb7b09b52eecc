using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>What became of a <see cref="SessionCommit"/>.</summary>
[Experimental(StorageDiagnostics.Id)]
public enum CommitStatus
{
    /// <summary>It was written; also where it had been written by an earlier try of the same commit.</summary>
    Written,

    /// <summary>The session is not as it was seen: another version, later stamps, ended, or gone.</summary>
    Moved,

    /// <summary>Its moment has not come by the store's clocks.</summary>
    TooEarly,
}
