using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace SessionLifetime.Tests.House;

/// <summary>Keeps the house as it was drawn: which folder may know which, and what the public may see.</summary>
public sealed partial class HouseTests
{
    /// <summary>Each folder may name types of itself and of these.</summary>
    private static readonly Dictionary<string, string[]> s_mayKnow = new(StringComparer.Ordinal)
    {
        ["Sessions"] = [],
        ["Configuration"] = ["Sessions"],
        ["Policy"] = ["Sessions", "Configuration"],
        ["Stores"] = ["Sessions"],
        ["Diagnostics"] = ["Sessions"],
        ["Events"] = ["Sessions", "Diagnostics", "Configuration"],
        ["Engine"] = ["Sessions", "Configuration", "Policy", "Stores", "Diagnostics", "Events"],
        ["State"] = ["Sessions", "Configuration", "Policy", "Stores", "Diagnostics", "Events", "Engine"],
        ["Http"] = ["Sessions", "Configuration", "Policy", "Stores", "Diagnostics", "Events", "Engine", "State"],
        ["Browser"] = ["Sessions", "Configuration", "Policy", "Stores", "Diagnostics", "Events", "Engine", "State", "Http"],
        ["Realtime"] = ["Sessions", "Configuration", "Policy", "Stores", "Diagnostics", "Events", "Engine", "State", "Http"],
    };

    [Fact]
    public void Folders_KnowOnlyWhatStandsBelowThem()
    {
        var files = Sources().ToList();
        var homes = files
            .SelectMany(file => Definition().Matches(file.Code).Select(match => (Type: match.Groups[1].Value, file.Folder)))
            .GroupBy(home => home.Type, home => home.Folder, StringComparer.Ordinal)
            .Where(group => group.Distinct(StringComparer.Ordinal).Count() == 1)
            .ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);
        var faults = new List<string>();
        foreach (var (path, folder, code) in files)
        {
            if (!s_mayKnow.TryGetValue(folder, out var mayKnow))
            {
                Assert.Equal("DependencyInjection", folder);
                continue;
            }

            foreach (var word in Word().Matches(code).Select(match => match.Value).Distinct(StringComparer.Ordinal))
            {
                if (homes.TryGetValue(word, out var home) && home != folder && !mayKnow.Contains(home, StringComparer.Ordinal))
                {
                    faults.Add($"{path} ({folder}) names {word} ({home})");
                }
            }
        }

        Assert.Empty(faults);
    }

    [Theory]
    [InlineData("Sessions")]
    [InlineData("Configuration")]
    [InlineData("Policy")]
    [InlineData("Stores")]
    public void InnerFolders_KnowNothingOfTheWeb(string folder) =>
        Assert.DoesNotContain(Sources(), file => file.Folder == folder && file.Code.Contains("Microsoft.AspNetCore", StringComparison.Ordinal));

    [Fact]
    public void Policy_OwnsNoClockAndWaitsForNothing() =>
        Assert.DoesNotContain(Sources(), file => file.Folder == "Policy" && Impure().IsMatch(file.Code));

    [Fact]
    public void PublicSurface_IsTheCommittedOne()
    {
        var path = Path.Combine(Root(), "tests", "SessionLifetime.Tests", "House", "PublicApi.txt");
        var actual = string.Join('\n', PublicApi.Of(typeof(TabSession).Assembly)) + "\n";
        if (Environment.GetEnvironmentVariable("SESSIONLIFETIME_ACCEPT_API") == "1")
        {
            File.WriteAllText(path, actual);
        }

        // Meant to change? SESSIONLIFETIME_ACCEPT_API=1 dotnet test --filter PublicSurface writes the file anew.
        Assert.Equal(File.ReadAllText(path), actual);
    }

    [Fact]
    public void CorePackage_DependsOnNoPackage()
    {
        var references = typeof(TabSession).Assembly.GetReferencedAssemblies().Select(name => name.Name!).ToList();

        Assert.All(references, name => Assert.Matches("^(System|Microsoft\\.(AspNetCore|Extensions|Net\\.Http|Win32))", name));
    }

    internal static string Root([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));

    private static IEnumerable<(string Path, string Folder, string Code)> Sources()
    {
        var root = Path.Combine(Root(), "src", "SessionLifetime");
        foreach (var path in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories))
        {
            var parts = Path.GetRelativePath(root, path).Split(Path.DirectorySeparatorChar);
            if (parts[0] is not ("bin" or "obj"))
            {
                yield return (string.Join('/', parts), parts[0], NotCode().Replace(File.ReadAllText(path), " "));
            }
        }
    }

    [GeneratedRegex(@"\b(?:class|struct|interface|enum|record(?:\s+struct)?)\s+([A-Z]\w*)")]
    private static partial Regex Definition();

    [GeneratedRegex(@"\b[A-Z]\w+\b")]
    private static partial Regex Word();

    [GeneratedRegex(@"//[^\n]*|""(?:\\.|[^""\\\n])*""")]
    private static partial Regex NotCode();

    [GeneratedRegex(@"\b(TimeProvider|DateTime|DateTimeOffset|Stopwatch|await|async|Task|Timer|Random)\b")]
    private static partial Regex Impure();
}
