namespace SessionLifetime.Storage;

/// <summary>The id of the compiler's message about the seam for stores, which may still change.</summary>
internal static class StorageDiagnostics
{
    public const string Id = "SESSIONLIFETIME001";
}
