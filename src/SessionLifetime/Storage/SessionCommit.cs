using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>A decision to be written, in one step with all that belongs to it.</summary>
/// <param name="Next">
/// What the session shall be. Its version is not looked at; its stamps move the store's forward, none past service time now.
/// </param>
/// <param name="ExpectedVersion">The version it was decided upon; 0 for a new session, which the store must not have yet.</param>
[Experimental(StorageDiagnostics.Id)]
public sealed record SessionCommit(SessionRecord Next, long ExpectedVersion)
{
    /// <summary>
    /// The stamps it was decided upon: where the store has a later one, the session moved on. Null (the default) where the decision stands
    /// whatever touches came.
    /// </summary>
    public SessionStamps? ExpectedStamps { get; init; }

    /// <summary>The service time before which it is refused; null (the default) for none.</summary>
    public TimeSpan? NotBefore { get; init; }

    /// <summary>The store's time before which it is refused; null (the default) for none.</summary>
    public TimeSpan? NotBeforeStoreTime { get; init; }

    /// <summary>
    /// Events to be delivered. They are addressed to the session's home (that of the record before this commit), where it is live, else to
    /// <see cref="Committer"/>.
    /// </summary>
    public IReadOnlyList<OutboxEvent> Events { get; init; } = [];

    /// <summary>The node that commits.</summary>
    public required string Committer { get; init; }
}
