using System.Text.RegularExpressions;

namespace SessionLifetime.Tests.House;

public sealed partial class ReadmeTests
{
    [Fact]
    public void Code_IsCompiledCode()
    {
        var readme = File.ReadAllText(Path.Combine(HouseTests.Root(), "README.md"));
        var compiled = Folded(File.ReadAllText(Path.Combine(HouseTests.Root(), "tests", "SessionLifetime.Tests", "House", "ReadmeExamples.cs")));
        var blocks = Block().Matches(readme).Select(match => Folded(match.Groups["code"].Value)).ToList();

        Assert.NotEmpty(blocks);
        Assert.All(blocks, block => Assert.Contains(block, compiled, StringComparison.Ordinal));
    }

    [Fact]
    public void Options_AreAllInTheTable()
    {
        var readme = File.ReadAllText(Path.Combine(HouseTests.Root(), "README.md"));

        Assert.All(typeof(SessionLifetimeOptions).GetProperties().Concat(typeof(HttpSessionOptions).GetProperties()), option => Assert.Contains($"`{option.Name}`", readme, StringComparison.Ordinal));
    }

    [Fact]
    public void Tests_ThatTheSecuritySectionNames_AreThere()
    {
        var root = HouseTests.Root();
        var readme = File.ReadAllText(Path.Combine(root, "README.md"));
        var section = readme[readme.IndexOf("## Security", StringComparison.Ordinal)..readme.IndexOf("## The protocol", StringComparison.Ordinal)];
        var files = Directory.EnumerateFiles(Path.Combine(root, "tests"), "*Tests.cs", SearchOption.AllDirectories).Select(Path.GetFileNameWithoutExtension).ToHashSet();
        var named = TestClass().Matches(section).Select(match => match.Groups["name"].Value).Distinct().ToList();

        Assert.True(named.Count > 15);
        Assert.All(named, name => Assert.Contains(name, files));
    }

    private static string Folded(string code) => White().Replace(code, " ").Trim();

    [GeneratedRegex("```csharp\n(?<code>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Block();

    [GeneratedRegex("`(?<name>[A-Za-z]+Tests)`", RegexOptions.ExplicitCapture)]
    private static partial Regex TestClass();

    [GeneratedRegex(@"\s+")]
    private static partial Regex White();
}
