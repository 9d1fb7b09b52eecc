namespace SessionLifetime;

/// <summary>A call of the protocol that has its living session.</summary>
/// <param name="Cell">The session.</param>
/// <param name="Sent">The id it was named by.</param>
/// <param name="Found">What the look at it gave.</param>
internal readonly record struct SessionCall(SessionCell Cell, SessionId Sent, LookResult Found);
