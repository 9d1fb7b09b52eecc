using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>One session as a store keeps it. A store reads and compares what stands here; <see cref="State"/> it only keeps.</summary>
[Experimental(StorageDiagnostics.Id)]
public sealed record SessionRecord
{
    /// <summary>The public id, 11 characters of base64url.</summary>
    public required string Id { get; init; }

    /// <summary>Raised by every commit, by one; touches do not change it. 1 for a new session. The store sets it.</summary>
    public long Version { get; init; }

    /// <summary>SHA-256 of every secret that leads to the session, base64url, 43 characters each: 1 to 10.</summary>
    public required IReadOnlyList<string> SecretHashes { get; init; }

    /// <summary>What touches move, in service time.</summary>
    public required SessionStamps Stamps { get; init; }

    /// <summary>A lower bound of the first moment, in service time, at which a rule may come due; null for never.</summary>
    public TimeSpan? DueAt { get; init; }

    /// <summary>When the absolute timeout comes, in the store's time; null for never.</summary>
    public TimeSpan? AbsoluteAt { get; init; }

    /// <summary>The log-safe id of the browser it is bound to, 11 characters; null for none.</summary>
    public string? BrowserId { get; init; }

    /// <summary>The user it is bound to, any text; null for none.</summary>
    public string? User { get; init; }

    /// <summary>The node that holds something live of it; null for none.</summary>
    public string? Home { get; init; }

    /// <summary>Why it ended; null while it lives.</summary>
    public SessionEndReason? EndReason { get; init; }

    /// <summary>When it ended, in service time; null while it lives.</summary>
    public TimeSpan? EndedAt { get; init; }

    /// <summary>The node and the running number of the commit that wrote this, 1 to 100 characters. A retry of it is recognized by this.</summary>
    public required string Writer { get; init; }

    /// <summary>Everything else, in a format of the core; usually under 1 KB.</summary>
    public required ReadOnlyMemory<byte> State { get; init; }
}
