namespace SessionLifetime.Tests.House;

/// <summary>The code blocks that tests take from their pages and run. Each test asks for its block by its name here.</summary>
internal static class RunBlocks
{
    /// <summary>Program.cs of a new app.</summary>
    public static CodeBlock Program => DocumentationPage.Block("README.md", "csharp", "WebApplication.CreateBuilder");

    /// <summary>The script tag of its pages.</summary>
    public static CodeBlock Tag => DocumentationPage.Block("README.md", "html", "session-lifetime.js");

    /// <summary>The commands that make and add the package.</summary>
    public static CodeBlock Package => DocumentationPage.Block("README.md", "sh", "dotnet pack");

    public static CodeBlock Settings => DocumentationPage.Block("src/SessionLifetime/Configuration/README.md", "json", "SessionLifetime");

    /// <summary>The Quickstart sample with timeouts of seconds.</summary>
    public static CodeBlock CurlServer => DocumentationPage.Block("samples/Quickstart/README.md", "sh", "SessionLifetime__SessionTimeout");

    public static CodeBlock CurlCalls => DocumentationPage.Block("samples/Quickstart/README.md", "sh", "curl");

    public static CodeBlock Window => DocumentationPage.Block("src/SessionLifetime/Browser/README.md", "js", "preventDefault");

    public static CodeBlock WindowSubclass => DocumentationPage.Block("src/SessionLifetime/Browser/README.md", "js", "extends SessionCountdown");

    public static CodeBlock OtherOrigin => DocumentationPage.Block("src/SessionLifetime/Browser/README.md", "html", "api.example.com");

    public static CodeBlock RelayTag => DocumentationPage.Block("src/SessionLifetime/Http/Navigation/README.md", "html", "session-lifetime-relay.js");

    public static CodeBlock Hub => DocumentationPage.Block("src/SessionLifetime/Realtime/README.md", "js", "HubConnectionBuilder");

    /// <summary>Load balancers that lead a browser to one node.</summary>
    public static CodeBlock Nginx => DocumentationPage.Block("src/SessionLifetime/Storage/README.md", "nginx", "hash $node");

    public static CodeBlock HaProxy => DocumentationPage.Block("src/SessionLifetime/Storage/README.md", "haproxy", "cookie node");

    public static IReadOnlyDictionary<string, CodeBlock> All { get; } = typeof(RunBlocks).GetProperties()
        .Where(static property => property.PropertyType == typeof(CodeBlock))
        .ToDictionary(static property => property.Name, static property => (CodeBlock)property.GetValue(obj: null)!, StringComparer.Ordinal);
}
