using SessionLifetime.Entries;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Tokens;

/// <summary>What a one-time token was issued for.</summary>
/// <param name="Entry">The session; it may have ended since. Null where it is not in memory any more.</param>
/// <param name="Secret">The id that the request for the token used.</param>
/// <param name="Browser">The key the token was made for.</param>
internal readonly record struct OneTimeGrant(SessionEntry? Entry, SessionId Secret, BrowserKey Browser);
