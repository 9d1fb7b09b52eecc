namespace SessionLifetime.Entries;

/// <summary>How a page detached.</summary>
/// <param name="Persisted">Whether it went into the back/forward cache.</param>
/// <param name="Grace">How long another page of its tab may take to attach.</param>
internal sealed record PageDetach(bool Persisted, TimeSpan Grace);
