using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace SessionLifetime.Setup;

/// <summary>What is written in the configuration and means something else than it seems to, or nothing.</summary>
internal static class ConfigurationAdvice
{
    private const string Section = "SessionLifetime";
    private const string BrowserCookie = "BrowserCookie";

    /// <summary>One sentence for each.</summary>
    /// <param name="configuration">What was handed to <c>AddSessionLifetime()</c>.</param>
    public static IEnumerable<string> For(IConfiguration configuration)
    {
        if (configuration is not IConfigurationSection section)
        {
            return configuration.GetSection(Section).Exists()
                ? [$"The whole configuration was handed to AddSessionLifetime(), which reads nothing of its section {Section}: hand over builder.Configuration.GetSection(\"{Section}\")."]
                : [];
        }

        var options = typeof(SessionLifetimeOptions).GetProperties();
        return section.GetChildren()
            .Where(static child => !Is(child.Key, BrowserCookie))
            .SelectMany(child => Of(child, options))
            .Concat(section.GetSection(BrowserCookie).GetChildren().SelectMany(static child => Of(child, typeof(CookieBuilder).GetProperties())));
    }

    private static IEnumerable<string> Of(IConfigurationSection setting, PropertyInfo[] options)
    {
        var option = Array.Find(options, one => Is(one.Name, setting.Key));
        if (option is null)
        {
            var near = options.Where(one => Distance(one.Name, setting.Key) <= 3).MinBy(one => Distance(one.Name, setting.Key));
            yield return $"{setting.Path} is no option, and is ignored: {(near is null ? $"correct its name, or remove it; the options are {string.Join(", ", options.Select(static one => one.Name))}" : $"{near.Name} is one")}.";
        }
        else if ((option.PropertyType == typeof(TimeSpan) || option.PropertyType == typeof(TimeSpan?))
            && int.TryParse(setting.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number)
            && number != 0)
        {
            yield return $"{setting.Path} is the bare number {number}, which means {number} days: write 00:{Math.Clamp(Math.Abs(number), 1, 59):00}:00 for minutes, or {number}.00:00:00 if days are meant.";
        }
    }

    private static bool Is(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    /// <summary>How many characters have to be inserted, removed or replaced (Levenshtein).</summary>
    private static int Distance(string one, string other)
    {
        var last = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var row = 1; row <= one.Length; row++)
        {
            var next = new int[last.Length];
            next[0] = row;
            for (var column = 1; column < last.Length; column++)
            {
                var replaced = last[column - 1] + (char.ToUpperInvariant(one[row - 1]) == char.ToUpperInvariant(other[column - 1]) ? 0 : 1);
                next[column] = Math.Min(replaced, Math.Min(last[column], next[column - 1]) + 1);
            }

            last = next;
        }

        return last[^1];
    }
}
