namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>The pages of a tab that were rendered for the session of another.</summary>
internal static class Mismatches
{
    /// <summary>A script that counts them, and notes where.</summary>
    public const string Watch = """
        addEventListener('sessionlifetime:mismatch', ({ detail }) => {
          sessionStorage.setItem('mismatches', +(sessionStorage.getItem('mismatches') ?? 0) + 1);
          sessionStorage.setItem('where', `${sessionStorage.getItem('where') ?? ''} ${location.href} for ${detail.renderedFor} in ${detail.session}`);
        });
        """;

    public static Task<int> MismatchesAsync(this IEngineTab tab) => tab.EvaluateAsync<int>("return +(sessionStorage.getItem('mismatches') ?? 0);");

    public static Task<string> WhereAsync(this IEngineTab tab) => tab.EvaluateAsync<string>("return sessionStorage.getItem('where') ?? '';");
}
