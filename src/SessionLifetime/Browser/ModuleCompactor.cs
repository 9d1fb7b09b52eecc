using System.Text;
using System.Text.RegularExpressions;

namespace SessionLifetime.Browser;

/// <summary>
/// Removes comments, indentation and empty lines from the browser module. It handles the style of the module's files, not JavaScript in general: comments
/// are on lines of their own, or are JSDoc type casts.
/// </summary>
internal static partial class ModuleCompactor
{
    public static string Compact(string source)
    {
        var compact = new StringBuilder(source.Length);
        var inComment = false;
        foreach (var line in source.Split('\n'))
        {
            var text = line.Trim();
            inComment |= text.StartsWith("/**", StringComparison.Ordinal) && !text.Contains("*/", StringComparison.Ordinal);
            if (inComment)
            {
                inComment = !text.EndsWith("*/", StringComparison.Ordinal);
                continue;
            }

            text = text.StartsWith("//", StringComparison.Ordinal) ? "" : InLine().Replace(text, "");
            if (text.Length > 0)
            {
                compact.Append(text).Append('\n');
            }
        }

        return compact.ToString();
    }

    [GeneratedRegex(@"/\*.*?\*/ ?", RegexOptions.NonBacktracking)]
    private static partial Regex InLine();
}
