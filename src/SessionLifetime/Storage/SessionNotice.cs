namespace SessionLifetime.Storage;

/// <summary>News of a commit.</summary>
/// <param name="Id">The public id of the session.</param>
/// <param name="Version">Its version after the commit.</param>
/// <param name="IsEnded">Whether it has ended.</param>
internal readonly record struct SessionNotice(string Id, long Version, bool IsEnded);
