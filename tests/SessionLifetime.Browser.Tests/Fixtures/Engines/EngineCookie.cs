namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>A cookie as the browser keeps it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value.</param>
/// <param name="IsHttpOnly">Whether no script sees it.</param>
/// <param name="SameSite">In small letters.</param>
/// <param name="EndsWithBrowser">Whether it has no time of its own to expire.</param>
public sealed record EngineCookie(string Name, string Value, bool IsHttpOnly, string SameSite, bool EndsWithBrowser);
