namespace SessionLifetime;

/// <summary>
/// Starts a session for a visitor who opens the page without one, so that the page can be rendered with it. The browser module takes it
/// over when the page has loaded; one that nobody takes over ends after <see cref="SessionLifetimeOptions.UnconfirmedTimeout"/>, or
/// a minute. The same as <c>.StartTabSession()</c>.
/// </summary>
/// <remarks>
/// It is for plain navigations by GET: typed addresses, links, redirects. Requests of script, frames, prefetches and other methods start
/// nothing. The page says <c>&lt;session-lifetime /&gt;</c>, which hands the session on without showing its id.
/// </remarks>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class StartTabSessionAttribute : Attribute;
