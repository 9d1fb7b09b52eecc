namespace SessionLifetime.Storage;

/// <summary>What a store tells when it has started.</summary>
/// <param name="Now">The store's now, since its origin.</param>
internal sealed record StoreStart(TimeSpan Now);
