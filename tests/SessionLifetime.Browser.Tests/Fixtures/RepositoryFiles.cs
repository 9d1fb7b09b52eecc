using System.Runtime.CompilerServices;

namespace SessionLifetime.Browser.Tests;

/// <summary>Where the module's source is, seen from this file.</summary>
internal static class RepositoryFiles
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../.."));

    public static string Browser { get; } = Path.Combine(Root, "src", "SessionLifetime", "Browser");

    public static string Module { get; } = Path.Combine(Browser, "session-lifetime.js");

    public static string Relay { get; } = Path.Combine(Browser, "session-lifetime-relay.js");

    private static string Here([CallerFilePath] string path = "") => path;
}
