using SessionLifetime.Configuration;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;

namespace SessionLifetime.Tests.House;

/// <summary>
/// Keeps the pages true: their code is compiled, or run by the tests that <see cref="RunBlocks"/> serves, their links lead somewhere, their
/// tables are complete.
/// </summary>
public sealed partial class DocumentationTests
{
    private const string Package = "src/SessionLifetime/README.md";

    private static readonly string[] s_expected =
    [
        "README.md", Package, ".github/SECURITY.md", "tests/README.md", "tests/SessionLifetime.Benchmarks/README.md", "samples/README.md",
        "samples/Quickstart/README.md", "samples/DesktopInATab/README.md", "samples/RazorShop/README.md", "samples/BlazorDesktop/README.md", "samples/ChatHub/README.md",
        .. new[] { "Browser", "Configuration", "Events", "Http", "Http/Navigation", "HttpSession", "Realtime", "Scoping", "Sessions", "Storage" }
            .Select(folder => $"src/SessionLifetime/{folder}/README.md"),
    ];

    [Fact]
    public void Pages_AreAllThereAndStartWithWhatTheyAreFor()
    {
        Assert.All(s_expected, path => Assert.Contains(DocumentationPage.All, page => page.Path == path));
        Assert.All(DocumentationPage.All, page =>
        {
            Assert.Matches("^# [^\n]+\n\n\\w", page.Text);
            Assert.True(page.Path == "README.md" || Opening().IsMatch(page.Text[..Math.Min(page.Text.Length, 600)]), $"{page.Path} does not start with what it is for.");
        });
    }

    [Fact]
    public void RootPage_HasAtMost200Lines() =>
        Assert.InRange(File.ReadAllLines(Path.Combine(HouseTests.Root(), "README.md")).Length, 60, 200);

    [Fact]
    public void RootPage_SaysTheRulesBeforeWhatToDoWhenTheyDoNotSeemToHold()
    {
        var anchors = DocumentationPage.Of("README.md").Anchors;

        Assert.Equal(
            ["two-commands", "first-steps", "which-of-these-is-my-app", "the-five-rules", "the-events", "when-it-does-not-work", "the-pages"],
            anchors.Skip(1));
        Assert.Equal(5, Table(DocumentationPage.Of("README.md"), "| rule | moment | what happens |").Count);
        Assert.Equal(5, Table(DocumentationPage.Of("README.md"), "| symptom | cause and cure |").Count);
    }

    [Fact]
    public void Commands_InTheTextNameWhatIsThere()
    {
        var commands = DocumentationPage.All.SelectMany(static page => InlineCommand().Matches(page.Text)).Select(static match => match.Groups["command"].Value).ToList();

        Assert.True(commands.Count >= 5, $"Only {commands.Count} commands were found.");
        Assert.All(commands, static command => Assert.True(IsCommand(command), command));
    }

    [Fact]
    public void RootPage_LeadsToEveryOther()
    {
        var reached = new HashSet<string>(StringComparer.Ordinal) { "README.md", Package };
        var open = new Queue<string>(["README.md"]);
        while (open.TryDequeue(out var path))
        {
            foreach (var target in DocumentationPage.Of(path).Links.Select(link => Target(path, link).File).Where(file => file.EndsWith(".md", StringComparison.Ordinal) && reached.Add(file)))
            {
                open.Enqueue(target);
            }
        }

        Assert.Equal(DocumentationPage.All.Select(page => page.Path).Order(StringComparer.Ordinal), reached.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Links_LeadToFilesAndHeadings()
    {
        var links = DocumentationPage.All.SelectMany(page => page.Links.Select(link => (page.Path, Link: link))).ToList();
        var faults = links.Where(link => !Leads(link.Path, link.Link)).Select(link => $"{link.Path}: {link.Link}").ToList();

        Assert.True(links.Count > 100, $"Only {links.Count} links were found.");
        Assert.Empty(faults);
    }

    [Fact]
    public void PackagePage_HasNoPictureAndNoRelativeLink()
    {
        var page = DocumentationPage.Of(Package);

        Assert.DoesNotContain("![", page.Text, StringComparison.Ordinal);
        Assert.All(page.Links, link => Assert.True(link.StartsWith('#') || link.StartsWith("https://", StringComparison.Ordinal), link));
    }

    [Fact]
    public void PackagePage_SaysWhatTheRootPageSays()
    {
        var (root, package) = (DocumentationPage.Of("README.md"), DocumentationPage.Of(Package));

        Assert.Equal(RunBlocks.Program.Code, package.Blocks.Single(block => block.Language == "csharp").Code);
        Assert.Equal(RunBlocks.Tag.Code, package.Blocks.Single(block => block.Language == "html").Code);
        foreach (var header in new[] { "| rule | moment | what happens |", "| event | when |" })
        {
            Assert.Equal(Table(root, header), Table(package, header));
        }
    }

    [Fact]
    public void Code_IsCompiledOrRun()
    {
        var blocks = DocumentationPage.All.SelectMany(page => page.Blocks).ToList();
        var root = HouseTests.Root();
        var compiled = new Dictionary<string, List<string>>(StringComparer.Ordinal)
        {
            ["csharp"] = Folded(["samples", "tests/SessionLifetime.Tests/House"], "*.cs"),
            ["razor"] = Folded(["samples", "tests"], "*.cshtml", "*.razor"),
            ["js"] = Folded(["samples"], "*.js"),
            ["html"] = Folded(["samples"], "*.html"),
        };
        var run = RunBlocks.All.Values.Select(static block => (block.Language, block.Code)).ToHashSet();
        var faults = blocks
            .Where(block => !run.Contains((block.Language, block.Code)) && !(compiled.TryGetValue(block.Language, out var files) && Contains(files, block.Code))
                && !(block.Language == "sh" && block.Code.Split('\n', StringSplitOptions.RemoveEmptyEntries).All(IsCommand)))
            .Select(static block => $"{block.Page}, {block.Language}:\n{block.Code}").ToList();

        Assert.True(blocks.Count > 50, $"Only {blocks.Count} blocks were found.");
        Assert.Equal(DocumentationPage.All.Sum(static page => FenceLine().Count(page.Text)), blocks.Count * 2);
        Assert.Empty(faults);

        List<string> Folded(string[] folders, params string[] patterns) =>
            [.. folders.SelectMany(folder => patterns.SelectMany(pattern => DocumentationPage.FilesOf(Path.Combine(root, folder), pattern))).Select(static file => DocumentationPage.Folded(File.ReadAllText(file)))];
    }

    [Fact]
    public void RunBlocks_AreAllTakenByATest()
    {
        var tests = DocumentationPage.FilesOf(Path.Combine(HouseTests.Root(), "tests"), "*Tests.cs")
            .Where(static file => !file.EndsWith(Path.Combine("House", "DocumentationTests.cs"), StringComparison.Ordinal))
            .Select(File.ReadAllText).ToList();

        Assert.NotEmpty(RunBlocks.All);
        Assert.All(RunBlocks.All.Keys.Except([nameof(RunBlocks.Settings)]), name => Assert.Contains(tests, text => text.Contains($"{nameof(RunBlocks)}.{name}", StringComparison.Ordinal)));
    }

    [Fact]
    public void Settings_AreBound()
    {
        using var json = new MemoryStream(Encoding.UTF8.GetBytes(RunBlocks.Settings.Code));
        var section = new ConfigurationBuilder().AddJsonStream(json).Build().GetSection("SessionLifetime");
        var options = section.Get<SessionLifetimeOptions>()!;

        Assert.All(section.GetChildren(), setting => Assert.NotNull(typeof(SessionLifetimeOptions).GetProperty(setting.Key)));
        Assert.Equal(TimeSpan.FromMinutes(3), options.SessionTimeout);
        Assert.Equal(BrowserBinding.Required, options.BrowserBinding);
        Assert.True(new SessionLifetimeOptionsValidator().Validate(name: null, options).Succeeded);
    }

    [Theory]
    [InlineData("src/SessionLifetime/Configuration/README.md", typeof(SessionLifetimeOptions))]
    [InlineData("src/SessionLifetime/HttpSession/README.md", typeof(HttpSessionOptions))]
    public void Options_AreAllInTheTableAndNoOthers(string page, Type options)
    {
        var rows = Table(DocumentationPage.Of(page), "| option | default | meaning |");
        var names = rows.SelectMany(row => OptionName().Matches(row.Split('|')[1]).Select(match => match.Groups["name"].Value));

        Assert.NotEmpty(rows);
        Assert.Equal(options.GetProperties().Select(option => option.Name).Order(StringComparer.Ordinal), names.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Tests_AreNamedForThoseWhoChangeTheLibraryOnly_AndAreThere()
    {
        var files = DocumentationPage.FilesOf(Path.Combine(HouseTests.Root(), "tests"), "*Tests.cs").Select(Path.GetFileNameWithoutExtension).ToHashSet();
        var named = TestClass().Matches(DocumentationPage.Of("tests/README.md").Text).Select(match => match.Value).Distinct().ToList();

        Assert.True(named.Count > 15);
        Assert.All(named, name => Assert.Contains(name, files));
        Assert.All(DocumentationPage.All.Where(page => !page.Path.StartsWith("tests/", StringComparison.Ordinal)), page => Assert.DoesNotMatch(TestClass(), page.Text));
    }

    /// <summary>Whether one file has all of it; "..." on a line of its own stands for what may be between.</summary>
    private static bool Contains(List<string> files, string code)
    {
        var parts = Gap().Split(code).Select(DocumentationPage.Folded).ToList();
        return parts.All(part => part.Length > 0) && files.Exists(file =>
        {
            var from = 0;
            return parts.All(part => (from = file.IndexOf(part, from, StringComparison.Ordinal)) >= 0);
        });
    }

    /// <summary>Whether what a command names is there: a project of the solution, the tests of a filter.</summary>
    private static bool IsCommand(string line)
    {
        var root = HouseTests.Root();
        var match = Command().Match(line);
        if (!match.Success)
        {
            return false;
        }

        if (match.Groups["project"] is { Success: true, Value: var project })
        {
            var solution = File.ReadAllText(Path.Combine(root, "SessionLifetime.sln")).Replace('\\', '/');
            var filter = match.Groups["filter"];
            return solution.Contains($"\"{project}/{Path.GetFileName(project)}.csproj\"", StringComparison.Ordinal)
                && (!filter.Success || DocumentationPage.FilesOf(Path.Combine(root, project), "*Tests.cs").Any(file => File.ReadAllText(file).Contains(filter.Value, StringComparison.Ordinal)));
        }

        return File.Exists(Path.Combine(root, match.Groups["script"].Value));
    }

    private static List<string> Table(DocumentationPage page, string header) =>
        [.. page.Text.Split('\n').SkipWhile(line => line != header).Skip(2).TakeWhile(line => line.StartsWith('|'))];

    private static (string File, string Anchor) Target(string page, string link)
    {
        var parts = link.Split('#', 2);
        var folder = Path.GetDirectoryName(page)!;
        var file = parts[0].Length == 0 ? page : Path.GetRelativePath(HouseTests.Root(), Path.GetFullPath(Path.Combine(HouseTests.Root(), folder, parts[0])));
        return (file.Replace('\\', '/'), parts.Length > 1 ? parts[1] : "");
    }

    private static bool Leads(string page, string link)
    {
        if (link.StartsWith("https://", StringComparison.Ordinal))
        {
            return Uri.IsWellFormedUriString(link, UriKind.Absolute);
        }

        var (file, anchor) = Target(page, link);
        return !file.StartsWith("../", StringComparison.Ordinal) && File.Exists(Path.Combine(HouseTests.Root(), file))
            && (anchor.Length == 0 || DocumentationPage.Of(file).Anchors.Contains(anchor));
    }

    [GeneratedRegex(@"\bThis (page|sample) (is for|says)\b")]
    private static partial Regex Opening();

    [GeneratedRegex("`(?<command>dotnet run --project [^`]*)`", RegexOptions.ExplicitCapture)]
    private static partial Regex InlineCommand();

    [GeneratedRegex("^ *```", RegexOptions.Multiline)]
    private static partial Regex FenceLine();

    [GeneratedRegex(@"\b[A-Z][A-Za-z]+Tests\b(?!\.)(?!/)")]
    private static partial Regex TestClass();

    [GeneratedRegex("`(?<name>[A-Za-z]+)`", RegexOptions.ExplicitCapture)]
    private static partial Regex OptionName();

    [GeneratedRegex(@"^ *\.\.\.\r?$", RegexOptions.Multiline)]
    private static partial Regex Gap();

    [GeneratedRegex(@"^([A-Z_]+=[0-9]+ )?(dotnet (run|test) (-c Release )?(--project )?(?<project>[\w./]+)( --filter ""FullyQualifiedName~(?<filter>\w+)"")?( -- report)?|(?<script>tests/run\.sh))( +#.*)?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Command();
}
