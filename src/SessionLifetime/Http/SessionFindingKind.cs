namespace SessionLifetime;

/// <summary>The kinds of <see cref="SessionFinding"/>.</summary>
internal enum SessionFindingKind
{
    /// <summary>The request carries no id.</summary>
    Missing,

    /// <summary>A session of this store; whether it still lives, a look will tell.</summary>
    Found,

    /// <summary>It ended, and the reason is remembered.</summary>
    Ended,

    /// <summary>Not an id, or none this server issued, or one it has forgotten.</summary>
    Unknown,
}
