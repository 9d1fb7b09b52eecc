using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>An engine lacks what a case needs. The table in <c>tests/README.md</c> lists it.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class LacksAttribute(EngineKind engine, string why) : Attribute
{
    public EngineKind Engine => engine;

    public string Why => why;
}
