using System.Runtime.CompilerServices;

namespace SessionLifetime.Browser.Tests;

/// <summary>Where the files of the repository are, seen from this one.</summary>
internal static class RepositoryFiles
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../.."));

    public static string Browser { get; } = Path.Combine(Root, "src", "SessionLifetime", "Browser");

    /// <summary>The sources of the browser module.</summary>
    public static string Module { get; } = Path.Combine(Browser, "module");

    /// <summary>Its bundles, as they are served.</summary>
    public static string Bundles { get; } = Path.Combine(Browser, "dist");

    private static string Here([CallerFilePath] string path = "") => path;
}
