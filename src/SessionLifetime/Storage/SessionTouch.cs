namespace SessionLifetime.Storage;

/// <summary>Stamps that moved in memory, to be written.</summary>
/// <param name="Id">The public id.</param>
/// <param name="Stamps">The stamps, as moments of the store.</param>
/// <param name="DueAt">A lower bound of the first moment at which a rule may come due, with these stamps; null for never.</param>
/// <param name="KnownVersion">The version the caller knows.</param>
internal readonly record struct SessionTouch(string Id, SessionStamps Stamps, TimeSpan? DueAt, long KnownVersion);
