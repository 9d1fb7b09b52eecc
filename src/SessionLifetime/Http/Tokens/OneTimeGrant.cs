using SessionLifetime.Entries;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Tokens;

/// <summary>What a one-time token stood for.</summary>
/// <param name="Entry">The session; it may have ended since, and null where nothing but its id is left.</param>
/// <param name="Secret">The id the token was asked for with.</param>
/// <param name="Browser">The key the token was made for.</param>
internal readonly record struct OneTimeGrant(SessionEntry? Entry, SessionId Secret, BrowserKey Browser);
