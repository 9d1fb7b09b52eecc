namespace SessionLifetime.Storage;

/// <summary>A page of a session.</summary>
/// <param name="Id">Its name, 1 to 64 characters of <c>[A-Za-z0-9_-]</c>.</param>
/// <param name="Tab">The name of its tab, the same; empty for none.</param>
/// <param name="LastHeard">When it was last heard of.</param>
/// <param name="UnloadAt">When its detach becomes final; null while it is open.</param>
/// <param name="Persisted">Whether it went into the back/forward cache.</param>
internal sealed record PageRecord(string Id, string Tab, TimeSpan LastHeard, TimeSpan? UnloadAt, bool Persisted);
