namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>The browser engines the module is tried in.</summary>
public enum EngineKind
{
    Chromium,
    Firefox,
    WebKit,
}
