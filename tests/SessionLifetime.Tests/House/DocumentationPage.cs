using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace SessionLifetime.Tests.House;

/// <summary>One Markdown file of the repository: its headings, its links and its code blocks.</summary>
internal sealed partial class DocumentationPage
{
    private static readonly string[] s_ignored = [".git", "bin", "obj", "node_modules", "artifacts", "TestResults"];

    private DocumentationPage(string path, string text)
    {
        (Path, Text) = (path, text);
        Blocks = [.. Fence().Matches(text).Select(match => new CodeBlock(path, match.Groups["language"].Value, match.Groups["code"].Value))];
        var prose = Fence().Replace(text, "");
        Links = [.. Link().Matches(prose).Select(match => match.Groups["to"].Value)];
        Anchors = [];
        foreach (var heading in Heading().Matches(prose).Select(match => match.Groups["text"].Value))
        {
            // As GitHub makes them: the second heading of the same words has "-1" behind it.
            var anchor = NotAnchor().Replace(heading.ToLowerInvariant(), "").Replace(' ', '-');
            var count = Anchors.Count(other => other == anchor);
            Anchors.Add(count == 0 ? anchor : $"{anchor}-{count}");
        }
    }

    public static string Root { get; } = System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Here())!, "../../.."));

    /// <summary>Every page of the repository. A fence that is never closed, or one that says no language, is a fault.</summary>
    public static IReadOnlyList<DocumentationPage> All { get; } = [.. FilesOf(Root, "*.md")
        .Select(path => new DocumentationPage(System.IO.Path.GetRelativePath(Root, path).Replace('\\', '/'), File.ReadAllText(path)))
        .OrderBy(page => page.Path, StringComparer.Ordinal)];

    /// <summary>From the root, with slashes.</summary>
    public string Path { get; }

    public string Text { get; }

    public IReadOnlyList<CodeBlock> Blocks { get; }

    /// <summary>Where its links and pictures lead, as they are written.</summary>
    public IReadOnlyList<string> Links { get; }

    public List<string> Anchors { get; }

    public static DocumentationPage Of(string path) => All.Single(page => page.Path == path);

    /// <summary>The one block of a page that contains a text.</summary>
    public static CodeBlock Block(string path, string language, string marker) =>
        Of(path).Blocks.Single(block => block.Language == language && block.Code.Contains(marker, StringComparison.Ordinal));

    /// <summary>Code without the differences of white space.</summary>
    public static string Folded(string code) => White().Replace(code, " ").Trim();

    /// <summary>The files below a folder, without what builds leave there.</summary>
    public static IEnumerable<string> FilesOf(string folder, string pattern) =>
        Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories)
            .Where(path => !System.IO.Path.GetRelativePath(folder, path).Split('/', '\\').Any(s_ignored.Contains));

    private static string Here([CallerFilePath] string path = "") => path;

    [GeneratedRegex("^ *```(?<language>[^\n`]*)\n(?<code>.*?)^ *```$", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Fence();

    [GeneratedRegex(@"\]\((?<to>[^)\s]*)\)", RegexOptions.ExplicitCapture)]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (?<text>.*)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Heading();

    [GeneratedRegex("[^a-z0-9 _-]")]
    private static partial Regex NotAnchor();

    [GeneratedRegex(@"\s+")]
    private static partial Regex White();
}
