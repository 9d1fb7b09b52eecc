namespace SessionLifetime;

/// <summary>What happens when one session more would exceed a user's or a browser's limit.</summary>
public enum SessionLimitPolicy
{
    /// <summary>The new one is refused with 503; what lives is left alone.</summary>
    RefuseNew,

    /// <summary>The one whose user was idle longest ends, <see cref="SessionEndReason.Displaced"/>.</summary>
    EndOldest,
}
