using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>Which living sessions are meant: of one user, of one browser, of both, or, with neither, all.</summary>
/// <param name="User">The user; or null.</param>
/// <param name="BrowserId">The log-safe id of the browser; or null.</param>
/// <param name="After">Only those with public ids after this one, in ordinal order; null for all.</param>
[Experimental(StorageDiagnostics.Id)]
public readonly record struct SessionRecordFilter(string? User = null, string? BrowserId = null, string? After = null);
