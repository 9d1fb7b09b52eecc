namespace SessionLifetime.Browser;

/// <summary>Marks the endpoint that serves the browser module.</summary>
internal sealed class BrowserModuleMetadata
{
    public static readonly BrowserModuleMetadata Instance = new();
}
