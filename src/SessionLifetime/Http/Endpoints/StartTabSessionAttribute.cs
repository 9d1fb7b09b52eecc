namespace SessionLifetime;

/// <summary>
/// Starts a session for a visitor who opens the page without one, so that the page can be rendered with it. The browser module takes it
/// over when the page has loaded; one that no module takes over ends after <see cref="SessionLifetimeOptions.UnconfirmedTimeout"/>, or
/// a minute. The same as <c>.StartTabSession()</c>.
/// </summary>
/// <remarks>
/// <para>
/// It is for plain navigations by GET: typed addresses, links, redirects, which say <c>Sec-Fetch-Mode: navigate</c> or accept
/// <c>text/html</c>. Requests of script, frames, prefetches and other methods start nothing.
/// </para>
/// <para>
/// The page says <c>&lt;session-lifetime /&gt;</c>, or writes <c>HttpContext.GetSessionLifetimeTags()</c>, by which the module takes the session
/// over; they do not contain its id. With script tags written by hand the tab has another session than its page was rendered for.
/// </para>
/// </remarks>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class StartTabSessionAttribute : Attribute;
