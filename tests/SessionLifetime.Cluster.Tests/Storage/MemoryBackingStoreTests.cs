namespace SessionLifetime.Cluster.Tests.Storage;

/// <summary>The reference store keeps the contract. It has no disk: a restart finds the same object.</summary>
public sealed class MemoryBackingStoreTests : BackingStoreContract
{
    private MemoryBackingStore? _store;

    internal override ValueTask<ISessionBackingStore> OpenAsync() => new(_store ??= new(Time));
}
