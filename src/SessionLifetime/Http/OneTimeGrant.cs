namespace SessionLifetime;

/// <summary>What a one-time token stood for.</summary>
/// <param name="Cell">The session; it may have ended since.</param>
/// <param name="Secret">The id the token was asked for with.</param>
internal readonly record struct OneTimeGrant(SessionCell Cell, SessionId Secret);
