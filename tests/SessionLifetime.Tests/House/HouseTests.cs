using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace SessionLifetime.Tests.House;

/// <summary>Keeps the house as it was drawn: which folder may know which, and which code may start other code.</summary>
public sealed partial class HouseTests
{
    /// <summary>The folders from the innermost to the outermost: each names types of itself and of those before it.</summary>
    private static readonly string[] s_order =
    [
        "Ids", "Time", "Scheduling", "Configuration", "Policy", "Entries", "Sessions", "Diagnostics", "Events", "Directories", "Storage", "Engine", "Cluster", "Scoping",
        "Http/Endpoints", "Http/Reading", "Http/Admission", "Http/Answers", "Http/Tokens", "Http/Navigation", "Http/Requests",
        "HttpSession", "Browser", "Http/Lifecycle", "Setup", "Realtime", "DependencyInjection",
    ];

    [Fact]
    public void Folders_AreThoseInTheOrder() => Assert.Equal(
        s_order.Order(StringComparer.Ordinal),
        Sources().Select(static file => file.Folder).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

    [Fact]
    public void Folders_NameOnlyWhatStandsBeforeThem()
    {
        var files = Sources().ToList();
        var homes = files
            .SelectMany(file => Definition().Matches(file.Code).Select(match => (Type: match.Groups[1].Value, file.Folder)))
            .GroupBy(home => home.Type, home => home.Folder, StringComparer.Ordinal)
            .Where(group => group.Distinct(StringComparer.Ordinal).Count() == 1)
            .ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);
        var faults = new List<string>();
        var looked = 0;
        foreach (var (path, folder, code) in files)
        {
            var place = Array.IndexOf(s_order, folder);
            foreach (var word in Word().Matches(code).Select(match => match.Value).Distinct(StringComparer.Ordinal))
            {
                if (homes.TryGetValue(word, out var home) && home != folder)
                {
                    looked++;
                    if (Array.IndexOf(s_order, home) > place)
                    {
                        faults.Add($"{path} ({folder}) names {word} ({home})");
                    }
                }
            }
        }

        Assert.Empty(faults);
        Assert.True(looked > 400, $"Only {looked} references between folders were found.");
    }

    [Fact]
    public void Files_HaveAtMost300Lines()
    {
        var files = Directory.EnumerateFiles(Path.Combine(Root(), "src"), "*.cs", SearchOption.AllDirectories)
            .Where(static path => !path.Split(Path.DirectorySeparatorChar).Any(static part => part is "bin" or "obj"))
            .ToList();

        Assert.True(files.Count > 400, $"Only {files.Count} files were found.");
        Assert.DoesNotContain(files, static path => File.ReadLines(path).Count() > 300);
    }

    /// <summary>Files that name each other's types, directly or along others, have to be read together: there are few, and their remarks say why.</summary>
    [Fact]
    public void CirclesOfFiles_AreFewAndSmall()
    {
        var files = Sources()
            .GroupBy(static file => file.Folder + "/" + Path.GetFileName(file.Path).Split('.')[0], static file => file.Code, StringComparer.Ordinal)
            .ToDictionary(static parts => parts.Key, static parts => string.Join('\n', parts), StringComparer.Ordinal);
        var homes = files
            .SelectMany(file => Definition().Matches(file.Value).Select(match => (Type: match.Groups[1].Value, File: file.Key)))
            .Distinct()
            .GroupBy(static home => home.Type, static home => home.File, StringComparer.Ordinal)
            .Where(static group => group.Count() == 1)
            .ToDictionary(static group => group.Key, static group => group.First(), StringComparer.Ordinal);
        var named = files.ToDictionary(
            static file => file.Key,
            file => Word().Matches(file.Value)
                .Select(match => homes.GetValueOrDefault(match.Value))
                .OfType<string>()
                .Where(home => home != file.Key)
                .ToHashSet(StringComparer.Ordinal),
            StringComparer.Ordinal);
        var reached = named.Keys.ToDictionary(static file => file, file => Reach(named, file), StringComparer.Ordinal);

        var circles = reached
            .Where(static file => file.Value.Contains(file.Key))
            .Select(file => string.Join(' ', file.Value.Where(other => reached[other].Contains(file.Key)).Order(StringComparer.Ordinal)))
            .ToHashSet(StringComparer.Ordinal);

        Assert.Contains("Events/HandlerInvocation Events/SessionEventQueue", circles);
        Assert.True(circles.Count <= 3, string.Join('\n', circles));
        Assert.All(circles, static circle => Assert.True(circle.Split(' ').Length <= 3, circle));
    }

    [Fact]
    public void Namespaces_AreThoseOfTheFolders()
    {
        foreach (var (path, folder, code) in Sources())
        {
            var name = Namespace().Match(code).Groups["name"].Value;
            var isPublic = PublicDefinition().IsMatch(code);
            var isExtension = isPublic && name.StartsWith("Microsoft.", StringComparison.Ordinal);
            var expected = isPublic ? "SessionLifetime" : "SessionLifetime." + folder.Replace('/', '.');
            Assert.True(isExtension || name == expected, $"{path} is in namespace {name}, not {expected}.");
        }
    }

    [Theory]
    [InlineData("Ids")]
    [InlineData("Time")]
    [InlineData("Policy")]
    [InlineData("Entries")]
    [InlineData("Directories")]
    public void InnerFolders_KnowNothingOfTheWeb(string folder)
    {
        var files = Sources().Where(file => file.Folder == folder).ToList();

        Assert.NotEmpty(files);
        Assert.DoesNotContain(files, file => file.Code.Contains("Microsoft.AspNetCore", StringComparison.Ordinal));
    }

    [Fact]
    public void Policy_OwnsNoClockAndWaitsForNothing()
    {
        var files = Sources().Where(static file => file.Folder == "Policy").ToList();

        Assert.NotEmpty(files);
        Assert.DoesNotContain(files, file => Impure().IsMatch(file.Code));
    }

    /// <summary>One scheduler starts everything, so that a simulation repeats; only the clock has a thread of its own.</summary>
    [Fact]
    public void Work_IsStartedByTheSchedulerAlone()
    {
        var starting = Sources()
            .SelectMany(static file => StartsWork().Matches(file.Code).Select(match => (file.Path, file.Folder, match.Value)))
            .ToList();

        Assert.Contains(starting, static start => start.Folder == "Scheduling");
        Assert.Contains(starting, static start => start.Path == "Time/SessionClock.cs");
        Assert.DoesNotContain(starting, static start => start.Folder != "Scheduling" && start.Path != "Time/SessionClock.cs");
    }

    [Theory]
    [InlineData("_ = Task.Run(Loop);")]
    [InlineData("_ = Task.Factory.StartNew(Loop);")]
    [InlineData("ThreadPool.QueueUserWorkItem(Loop);")]
    [InlineData("new Thread(Loop).Start();")]
    [InlineData("using var timer = new Timer(Loop);")]
    [InlineData("System.Threading.Timer? timer = null;")]
    [InlineData("await stop.CancelAsync();")]
    [InlineData("internal sealed class Loop : BackgroundService")]
    public void WorkStartedElsewhere_IsFound(string code) => Assert.Matches(StartsWork(), code);

    [Fact]
    public void EndReasons_AreTheSameInTheBrowserModule()
    {
        var browser = Path.Combine(Root(), "src", "SessionLifetime", "Browser");
        var types = File.ReadAllText(Path.Combine(browser, "session-lifetime.d.ts"));
        var words = File.ReadAllText(Path.Combine(browser, "module", "words.js"));
        var declared = EndReasonType().Match(types).Groups["list"].Value.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(Enum.GetNames<SessionEndReason>(), declared.Select(static name => name.Trim('\'')));

        // The page itself ended the first, and nobody is left to read of the second; every other has a sentence in both languages.
        foreach (var reason in Enum.GetNames<SessionEndReason>().Except(["Exited", "SelfDestructed"]))
        {
            Assert.Equal(2, words.Split($"    {reason}: '").Length - 1);
        }
    }

    [Fact]
    public void CorePackage_DependsOnNoPackage()
    {
        var references = typeof(TabSession).Assembly.GetReferencedAssemblies().Select(name => name.Name!).ToList();

        var framework = Path.GetDirectoryName(typeof(Microsoft.AspNetCore.Builder.WebApplication).Assembly.Location)!;
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;

        // Also that of a package that is newer than the framework's own: the framework's version is what a user has without any package.
        Assert.NotEmpty(references);
        Assert.All(references, name => Assert.True(
            File.Exists(Path.Combine(framework, name + ".dll")) || File.Exists(Path.Combine(runtime, name + ".dll")),
            $"{name} is no part of the framework."));
    }

    internal static string Root([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));

    /// <summary>The files that a file names, directly or along others.</summary>
    private static HashSet<string> Reach(Dictionary<string, HashSet<string>> named, string file)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var waiting = new Queue<string>(named[file]);
        while (waiting.TryDequeue(out var next))
        {
            if (reached.Add(next))
            {
                foreach (var other in named[next])
                {
                    waiting.Enqueue(other);
                }
            }
        }

        return reached;
    }

    private static IEnumerable<(string Path, string Folder, string Code)> Sources()
    {
        var root = Path.Combine(Root(), "src", "SessionLifetime");
        foreach (var path in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories))
        {
            var parts = Path.GetRelativePath(root, path).Split(Path.DirectorySeparatorChar);
            if (parts[0] is not ("bin" or "obj"))
            {
                yield return (string.Join('/', parts), string.Join('/', parts[..^1]), NotCode().Replace(File.ReadAllText(path), " "));
            }
        }
    }

    [GeneratedRegex(@"\b(?:class|struct|interface|enum|record(?:\s+struct)?)\s+([A-Z]\w*)")]
    private static partial Regex Definition();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^public .*\b(?:class|struct|interface|enum|record|delegate)\b", RegexOptions.Multiline)]
    private static partial Regex PublicDefinition();

    [GeneratedRegex(@"export type EndReason =\s*(?<list>[^;]+);", RegexOptions.ExplicitCapture)]
    private static partial Regex EndReasonType();

    [GeneratedRegex(@"\b[A-Z]\w+\b")]
    private static partial Regex Word();

    [GeneratedRegex(@"//[^\n]*|""(?:\\.|[^""\\\n])*""")]
    private static partial Regex NotCode();

    [GeneratedRegex(@"\bTask\.(?:Run|Factory)\b|\bThreadPool\.|\bnew Thread\(|\bThreading\.Timer\b|\bnew Timer\(|\bCancelAsync\(|\bBackgroundService\b")]
    private static partial Regex StartsWork();

    [GeneratedRegex(@"\b(TimeProvider|DateTime|DateTimeOffset|Stopwatch|await|async|Task|Timer|Random)\b")]
    private static partial Regex Impure();
}
