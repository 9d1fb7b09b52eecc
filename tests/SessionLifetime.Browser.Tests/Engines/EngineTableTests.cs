using System.Globalization;
using System.Reflection;
using System.Text;
using SessionLifetime.Browser.Tests.Fixtures.Engines;
using Xunit.Sdk;
using Xunit.v3;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>The tables of tests by engine in <c>tests/README.md</c> are those that follow from the tests. With SESSIONLIFETIME_TABLE=1 they are written there.</summary>
public sealed class EngineTableTests
{
    private const string From = "<!-- Written by EngineTableTests. -->\n", To = "<!-- To here. -->\n";

    private static readonly EngineKind[] s_engines = Enum.GetValues<EngineKind>();

    [Fact]
    public async Task The_page_on_tests_lists_what_runs_in_which_engine_and_what_does_not_and_why()
    {
        var path = Path.Combine(RepositoryFiles.Root, "tests", "README.md");
        var page = (await File.ReadAllTextAsync(path)).ReplaceLineEndings("\n");
        var (from, to) = (page.IndexOf(From, StringComparison.Ordinal), page.IndexOf(To, StringComparison.Ordinal));
        Assert.True(from > 0 && to > from, $"tests/README.md has to contain {From} and {To}");
        var made = $"{page[..(from + From.Length)]}\n{await TablesAsync()}\n{page[to..]}";
        if (Environment.GetEnvironmentVariable("SESSIONLIFETIME_TABLE") == "1")
        {
            await File.WriteAllTextAsync(path, made);
        }

        Assert.True(made == page, "The tables in tests/README.md are those of other tests: run this one with SESSIONLIFETIME_TABLE=1.");
    }

    private static async Task<string> TablesAsync()
    {
        var classes = typeof(EngineTest).Assembly.GetTypes()
            .Where(static type => type is { IsClass: true, IsAbstract: false })
            .Select(static type => (Type: type, Tests: type.GetMethods(BindingFlags.Public | BindingFlags.Instance).Where(static method => method.GetCustomAttribute<FactAttribute>() is not null).ToList()))
            .Where(static one => one.Tests.Count > 0)
            .OrderBy(static one => one.Type.Name, StringComparer.Ordinal)
            .ToList();
        var (rows, gaps, sums) = (new StringBuilder(), new StringBuilder(), new int[s_engines.Length]);
        foreach (var (type, tests) in classes.Where(static one => one.Type.IsSubclassOf(typeof(EngineTest)) || one.Type.GetCustomAttribute<ChromiumOnlyAttribute>() is not null))
        {
            var counts = new int[s_engines.Length];
            foreach (var test in tests)
            {
                foreach (var engine in s_engines)
                {
                    counts[(int)engine] += type.IsSubclassOf(typeof(EngineTest)) ? await CountAsync(test, engine) : engine == EngineKind.Chromium ? await CountAsync(test) : 0;
                }

                foreach (var gap in test.GetCustomAttributes<LacksAttribute>())
                {
                    gaps.Append(CultureInfo.InvariantCulture, $"| `{type.Name}` {test.Name.Replace('_', ' ')} | {gap.Engine} | {gap.Why} |\n");
                }
            }

            if (type.GetCustomAttribute<ChromiumOnlyAttribute>() is { } only)
            {
                gaps.Append(CultureInfo.InvariantCulture, $"| `{type.Name}` | Firefox, WebKit | {only.Why} |\n");
            }

            sums = [.. sums.Zip(counts, static (sum, count) => sum + count)];
            rows.Append(CultureInfo.InvariantCulture, $"| `{type.Name}` | {string.Join(" | ", counts)} |\n");
        }

        var engineless = classes.Where(static one => !one.Type.IsSubclassOf(typeof(EngineTest)) && one.Type.GetCustomAttribute<ChromiumOnlyAttribute>() is null).ToList();
        Assert.All(engineless, static one => Assert.False(one.Type.IsSubclassOf(typeof(BrowserTest)), $"{one.Type.Name} says not why it is run in Chromium only."));
        return $"""
            | tests of | {string.Join(" | ", s_engines)} |
            |---|{string.Concat(s_engines.Select(static _ => "---|"))}
            {rows}| all | {string.Join(" | ", sums)} |

            | what is not run | in | why |
            |---|---|---|
            {gaps}
            Without a browser: {string.Join(", ", engineless.Select(static one => $"`{one.Type.Name}`"))}.

            """.ReplaceLineEndings("\n");
    }

    /// <summary>How often a test is run, in an engine if it is one of them.</summary>
    private static async Task<int> CountAsync(MethodInfo test, EngineKind? engine = null)
    {
        var sources = test.GetCustomAttributes().OfType<IDataAttribute>().ToList();
        var count = sources.Count == 0 ? 1 : 0;
        foreach (var source in sources)
        {
            await using var tracker = new DisposalTracker();
            count += (await source.GetData(test, tracker)).Count(row => engine is null || Equals(row.GetData()[0], engine));
        }

        return count;
    }
}
