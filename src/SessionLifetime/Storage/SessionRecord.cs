namespace SessionLifetime.Storage;

/// <summary>One session as a store keeps it. Moments are the store's, durations are what they say; null stands for "not set".</summary>
internal sealed record SessionRecord
{
    /// <summary>The public id, 11 characters.</summary>
    public required string Id { get; init; }

    /// <summary>Raised by every commit, by one; touches do not change it. The store sets it.</summary>
    public long Version { get; init; }

    /// <summary>All secrets that lead to the session; the current one first.</summary>
    public required IReadOnlyList<SecretRecord> Secrets { get; init; }

    public required TimeSpan StartedAt { get; init; }

    public required SessionStamps Stamps { get; init; }

    /// <summary>When <c>SessionTimeout</c> was last raised.</summary>
    public TimeSpan? RaisedAt { get; init; }

    /// <summary>The session timeout at that raise.</summary>
    public TimeSpan RaisedTimeout { get; init; }

    /// <summary>Numbers the raises over the whole life; 0 before the first.</summary>
    public long RaiseNumber { get; init; }

    /// <summary>How often it was raised in the idle period of that raise.</summary>
    public int Occurrence { get; init; }

    /// <summary>Whether the handlers of that raise have not answered yet.</summary>
    public bool IsRaising { get; init; }

    /// <summary>When the self-destruct was armed last.</summary>
    public TimeSpan? ArmedAt { get; init; }

    /// <summary>The moment it was armed for.</summary>
    public TimeSpan? SelfDestructAt { get; init; }

    /// <summary>Whether a signal arrived after the first answer, or no <c>UnconfirmedTimeout</c> applies.</summary>
    public bool IsConfirmed { get; init; }

    /// <summary>The session's own timeouts.</summary>
    public TimeSpan? SessionTimeout { get; init; }

    public TimeSpan? CountdownDuration { get; init; }

    public TimeSpan? SignalTimeout { get; init; }

    public TimeSpan? AbsoluteTimeout { get; init; }

    public TimeSpan? UnconfirmedTimeout { get; init; }

    /// <summary>SHA-256 of the key of the browser the session is bound to, base64url.</summary>
    public string? BrowserHash { get; init; }

    /// <summary>The log-safe id of that browser.</summary>
    public string? BrowserId { get; init; }

    /// <summary>The user the session belongs to.</summary>
    public string? User { get; init; }

    public IReadOnlyList<PageRecord> Pages { get; init; } = [];

    /// <summary>A lower bound of the first moment at which a rule may come due; null for never.</summary>
    public TimeSpan? DueAt { get; init; }

    /// <summary>Why it ended; null while it lives.</summary>
    public SessionEndReason? EndReason { get; init; }

    /// <summary>When it ended.</summary>
    public TimeSpan? EndedAt { get; init; }
}
