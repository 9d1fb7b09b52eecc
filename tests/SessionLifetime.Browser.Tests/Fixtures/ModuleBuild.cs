namespace SessionLifetime.Browser.Tests;

/// <summary>A copy of the browser module's sources with its tools installed, once for all tests that need them.</summary>
internal static class ModuleBuild
{
    private static readonly Lazy<Task<string>> s_folder = new(InstallAsync);

    /// <summary>Runs a script of the module's <c>package.json</c>.</summary>
    public static async Task<string> RunAsync(string script, params string[] arguments) =>
        await NpmAsync(await s_folder.Value, ["run", script, "--", .. arguments]);

    private static async Task<string> InstallAsync()
    {
        var browser = Path.Combine(AppContext.BaseDirectory, "npm");
        var module = Path.Combine(browser, "module");
        if (Directory.Exists(browser))
        {
            Directory.Delete(browser, recursive: true);
        }

        Directory.CreateDirectory(module);
        Copy(RepositoryFiles.Browser, browser, "*.d.ts");
        Copy(RepositoryFiles.Module, module, "*");
        await NpmAsync(module, "ci", "--ignore-scripts", "--no-audit", "--no-fund");
        return module;

        static void Copy(string from, string to, string pattern)
        {
            foreach (var file in Directory.EnumerateFiles(from, pattern))
            {
                File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
            }
        }
    }

    private static Task<string> NpmAsync(string folder, params string[] arguments) =>
        Requirement.RunNodeAsync(OperatingSystem.IsWindows() ? "npm.cmd" : "npm", ["--prefix", folder, .. arguments]);
}
