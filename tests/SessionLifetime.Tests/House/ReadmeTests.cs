using System.Diagnostics;
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

    [Fact]
    public async Task Package_HasTheReadmeWithoutPicturesThatAreNotInIt()
    {
        var project = Path.Combine(HouseTests.Root(), "src", "SessionLifetime");
        using var build = Process.Start(new ProcessStartInfo("dotnet", ["msbuild", "-nologo", "-t:WritePackageReadme", "-p:Configuration=Debug"])
        {
            WorkingDirectory = project,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        var output = await build.StandardOutput.ReadToEndAsync();
        await build.WaitForExitAsync();
        Assert.True(build.ExitCode == 0, output);

        var packed = await File.ReadAllTextAsync(Path.Combine(project, "obj", "Debug", "net10.0", "README.md"));
        var readme = (await File.ReadAllLinesAsync(Path.Combine(HouseTests.Root(), "README.md"))).Where(static line => !line.Contains("![", StringComparison.Ordinal)).ToList();
        Assert.DoesNotContain("![", packed, StringComparison.Ordinal);
        Assert.Equal(readme.Count - 3, packed.TrimEnd('\n').Split('\n').Length);
        Assert.All(packed.Split('\n').Where(static line => line.Contains('\\', StringComparison.Ordinal)), line => Assert.Contains(line, readme));
    }

    [Fact]
    public void Links_LeadToHeadings()
    {
        var readme = File.ReadAllText(Path.Combine(HouseTests.Root(), "README.md"));
        var anchors = Heading().Matches(readme).Select(match => NotAnchor().Replace(match.Groups["text"].Value.ToLowerInvariant(), "").Replace(' ', '-')).ToList();
        var links = Link().Matches(readme).Select(match => match.Groups["to"].Value).Distinct().ToList();

        Assert.NotEmpty(links);
        Assert.All(links, link => Assert.Contains(link, anchors));
    }

    private static string Folded(string code) => White().Replace(code, " ").Trim();

    [GeneratedRegex("```csharp\n(?<code>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Block();

    [GeneratedRegex("`(?<name>[A-Za-z]+Tests)`", RegexOptions.ExplicitCapture)]
    private static partial Regex TestClass();

    [GeneratedRegex("^##+ (?<text>.*)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Heading();

    [GeneratedRegex(@"\]\(#(?<to>[^)]*)\)", RegexOptions.ExplicitCapture)]
    private static partial Regex Link();

    [GeneratedRegex(@"[^a-z0-9 -]")]
    private static partial Regex NotAnchor();

    [GeneratedRegex(@"\s+")]
    private static partial Regex White();
}
