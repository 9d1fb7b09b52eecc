namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>What the module says in the console, which no protocol of all engines gives.</summary>
internal static class Warnings
{
    /// <summary>A script that keeps it.</summary>
    public const string Watch = """
        window.warnings = [];
        console.warn = text => { if (`${text}`.startsWith('session-lifetime')) warnings.push(text); };
        """;

    public static Task<string[]> WarningsAsync(this IEngineTab tab) => tab.EvaluateAsync<string[]>("return warnings;");
}
