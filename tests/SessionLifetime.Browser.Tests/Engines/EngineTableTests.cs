using System.Globalization;
using System.Reflection;
using System.Text;
using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>The table of cases by engine in <c>tests/README.md</c> is the one that follows from the cases.</summary>
public sealed class EngineTableTests
{
    [Fact]
    public void The_page_on_tests_lists_what_runs_in_which_engine()
    {
        var page = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "tests", "README.md")).ReplaceLineEndings("\n");

        Assert.True(page.Contains(Table(), StringComparison.Ordinal), $"Put this table into tests/README.md:\n{Table()}");
    }

    private static string Table()
    {
        var cases = typeof(EngineTest).Assembly.GetTypes()
            .Where(static type => type.IsSubclassOf(typeof(EngineTest)))
            .SelectMany(static type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .Select(static method => (Method: method, Data: method.GetCustomAttribute<EngineCaseAttribute>()))
            .Where(static one => one.Data is not null)
            .OrderBy(static one => one.Method.DeclaringType!.Name, StringComparer.Ordinal)
            .ThenBy(static one => one.Method.Name, StringComparer.Ordinal)
            .ToList();
        Assert.NotEmpty(cases);
        var engines = Enum.GetValues<EngineKind>();
        var table = new StringBuilder($"| case | {string.Join(" | ", engines)} |\n|---|{string.Concat(engines.Select(static _ => "---|"))}\n");
        foreach (var (method, data) in cases)
        {
            var gaps = method.GetCustomAttributes<LacksAttribute>().ToDictionary(static gap => gap.Engine, static gap => gap.Why);
            var name = method.Name.Replace('_', ' ');
            var cells = engines.Select(engine => gaps.TryGetValue(engine, out var why) ? $"not run: {why}" : Math.Max(1, data!.Values.Count).ToString(CultureInfo.InvariantCulture));
            table.Append(CultureInfo.InvariantCulture, $"| {name} | {string.Join(" | ", cells)} |\n");
        }

        return table.ToString();
    }
}
