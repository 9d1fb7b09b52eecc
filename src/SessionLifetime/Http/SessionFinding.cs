namespace SessionLifetime;

/// <summary>What a request's session id led to.</summary>
internal readonly record struct SessionFinding(SessionFindingKind Kind, SessionCell? Cell = null, SessionEndReason Reason = default)
{
    /// <summary>What <c>X-Session-State</c> says; null where it says nothing.</summary>
    public string? State => Kind switch
    {
        SessionFindingKind.Ended => "ended",
        SessionFindingKind.Unknown => "unknown",
        _ => null,
    };
}
