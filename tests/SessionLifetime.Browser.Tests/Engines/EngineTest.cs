using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>A case that is run in every engine from one description.</summary>
public abstract class EngineTest(EnginesFixture engines, ChromiumFixture chromium)
{
    protected Task<IEngineBrowser> OpenAsync(EngineKind engine) => engines.OpenAsync(engine, chromium);
}
