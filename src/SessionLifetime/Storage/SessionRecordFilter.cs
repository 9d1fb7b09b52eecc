namespace SessionLifetime.Storage;

/// <summary>Which living sessions are meant: of one user, of one browser, of both, or, with neither, all.</summary>
/// <param name="User">The user; or null.</param>
/// <param name="BrowserId">The log-safe id of the browser; or null.</param>
internal readonly record struct SessionRecordFilter(string? User = null, string? BrowserId = null);
