namespace SessionLifetime;

/// <summary>What a one-time token stood for.</summary>
/// <param name="Cell">The session; it may have ended since, and null where nothing but its id is left.</param>
/// <param name="Secret">The id the token was asked for with.</param>
/// <param name="Browser">The key the token was made for.</param>
internal readonly record struct OneTimeGrant(SessionCell? Cell, SessionId Secret, BrowserKey Browser);
