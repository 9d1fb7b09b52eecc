using SessionLifetime.Storage;

namespace SessionLifetime.Tests.Storage;

public sealed class MemoryBackingStoreTests : BackingStoreContract
{
    internal override ValueTask<ISessionBackingStore> CreateAsync() => new(new MemoryBackingStore(TimeProvider.System));
}
