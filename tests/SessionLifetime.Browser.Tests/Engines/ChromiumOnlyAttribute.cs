namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>The tests of a class are run in Chromium only. The table in <c>tests/README.md</c> lists it.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ChromiumOnlyAttribute(string why) : Attribute
{
    public string Why => why;
}
