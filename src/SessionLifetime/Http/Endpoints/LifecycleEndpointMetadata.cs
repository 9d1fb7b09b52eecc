namespace SessionLifetime.Http.Endpoints;

/// <summary>Marks the endpoints of the library itself.</summary>
internal sealed class LifecycleEndpointMetadata
{
    public static readonly LifecycleEndpointMetadata Instance = new();
}
