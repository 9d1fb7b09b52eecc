using System.Text.RegularExpressions;

namespace SessionLifetime.Browser.Tests;

/// <summary>The files themselves: their types, the direction between them, what must not be in them, and what is served of them.</summary>
public sealed partial class ModuleFileTests
{
    public static TheoryData<string> Served { get; } =
        ["session-lifetime.js", "session-lifetime-relay.js", "session-lifetime-tab.js", "session-lifetime-signalr.js", "session-lifetime-blazor.js"];

    [Fact]
    public async Task TypeScript_finds_no_fault_in_the_module_and_its_types_agree_with_its_declarations() =>
        await ModuleBuild.RunAsync("check");

    [Fact]
    public async Task A_fresh_bundle_of_the_sources_is_equal_to_the_committed_one_byte_for_byte()
    {
        var fresh = Directory.CreateTempSubdirectory("session-lifetime-");
        try
        {
            await ModuleBuild.RunAsync("build", fresh.FullName);

            Assert.Equal(Names(RepositoryFiles.Bundles), Names(fresh.FullName));
            foreach (var name in Names(fresh.FullName))
            {
                var isEqual = Enumerable.SequenceEqual(
                    await File.ReadAllBytesAsync(Path.Combine(fresh.FullName, name)),
                    await File.ReadAllBytesAsync(Path.Combine(RepositoryFiles.Bundles, name)));
                Assert.True(isEqual, $"{name} is not what the sources make: npm run build in src/SessionLifetime/Browser/module, and commit dist.");
            }
        }
        finally
        {
            fresh.Delete(recursive: true);
        }

        static string[] Names(string folder) => [.. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
    }

    [Theory]
    [MemberData(nameof(Served))]
    public async Task What_is_served_is_the_committed_bundle(string name)
    {
        await using var server = await NavigationServer.StartAsync();
        using var client = new HttpClient();

        var served = await client.GetByteArrayAsync(new Uri($"{server.Url}/_session/{name}"));

        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(RepositoryFiles.Bundles, name)), served);
    }

    [Theory]
    [MemberData(nameof(Served))]
    public async Task A_bundle_uses_nothing_that_a_strict_policy_forbids_and_names_nothing_that_is_its_own(string name)
    {
        var code = await File.ReadAllTextAsync(Path.Combine(RepositoryFiles.Bundles, name));

        Assert.DoesNotMatch(@"innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.style\b|setInterval", code);

        // Nothing is reported by it: it only keeps Firefox from keeping the page.
        Assert.DoesNotMatch(@"[""'`]unload[""'`](?!,\(\)=>\{\}\))", code);
        Assert.DoesNotMatch(@"\bimport[\s{*].*from(?!""\./session-lifetime-signalr\.js"")", code);

        // Of its own names; what is spread may be called by a short one.
        Assert.DoesNotMatch(@"(?<!\.\.)[.{,]_\w", code);
    }

    [Fact]
    public void A_module_leaves_no_global()
    {
        foreach (var (name, code) in Sources())
        {
            Assert.False(Regex.IsMatch(code, @"^(?:var |window\.\w+ =)|globalThis", RegexOptions.Multiline), name);
        }
    }

    [Fact]
    public void Modules_import_each_other_in_one_direction_and_are_small()
    {
        var imports = Sources().ToDictionary(
            static source => source.Name,
            static source => Import().Matches(source.Code).Select(static match => match.Groups[1].Value).ToArray());
        Assert.InRange(imports.Values.Sum(static names => names.Length), imports.Count, int.MaxValue);
        Assert.All(Sources(), static source => Assert.InRange(source.Code.Count(static character => character == '\n'), 1, 200));

        // Removes, one after the other, the modules that import none of the others that are left. What cannot be removed is a circle.
        while (imports.FirstOrDefault(module => !module.Value.Any(imports.ContainsKey)).Key is { } lowest)
        {
            imports.Remove(lowest);
        }

        Assert.Empty(imports.Keys);
    }

    private static IEnumerable<(string Name, string Code)> Sources() =>
        Directory.EnumerateFiles(RepositoryFiles.Module, "*.js").Select(static file => (Path.GetFileName(file), File.ReadAllText(file)));

    /// <summary>Imports of code, and of types in comments.</summary>
    [GeneratedRegex(@"(?:from |import )'\./([\w.-]+)'")]
    private static partial Regex Import();
}
