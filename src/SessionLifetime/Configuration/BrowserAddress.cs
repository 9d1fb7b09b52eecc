using System.Text;
using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Configuration;

/// <summary>
/// The one check of every address that is handed to a browser. An address may leave the app only if it says so: by <c>https://</c> or <c>http://</c>.
/// What looks like a path and is none, in the eyes of a browser, is refused: two slashes first, or a backslash, which browsers take for one.
/// </summary>
internal static class BrowserAddress
{
    /// <summary>What is wrong with an address of the app's; null when nothing is.</summary>
    /// <param name="address">Absolute, relative to the page, or with <c>~/</c> below the app's path base.</param>
    public static string? Fault(string address)
    {
        var path = address.StartsWith("~/", StringComparison.Ordinal) ? address.AsSpan(1) : address;
        if (path is ['/' or '\\', '/' or '\\', ..])
        {
            return "begins with two slashes or backslashes, which a browser takes for the name of another host";
        }

        return HasScheme(path) && !(Uri.TryCreate(address, UriKind.Absolute, out var target) && IsWeb(target) && SaysHost(path))
            ? "has a scheme, and is no http:// or https:// address"
            : null;
    }

    /// <summary>Whether it is a path of the app, without its path base: one slash first, and nothing that a browser takes for something else.</summary>
    public static bool IsPath(string path) =>
        path is ['/', ..] && Fault(path) is null && path.AsSpan().IndexOfAny("\\?#") < 0 && !path.Any(char.IsControl);

    /// <summary>The address of a path below the app's path base.</summary>
    /// <param name="pathBase">The path base, which a proxy may have sent.</param>
    /// <param name="path">The path, escaped, with a slash first.</param>
    public static string Below(PathString pathBase, string path)
    {
        var address = pathBase.ToUriComponent() + path;
        return Fault(address) is null ? address : "/" + address.TrimStart('/', '\\');
    }

    /// <summary>The address as a header carries it: ASCII, with everything else escaped.</summary>
    /// <exception cref="ArgumentException">It is no address, or leads to where it does not say.</exception>
    public static string ToHeader(string address, PathString pathBase, string parameter)
    {
        if (Fault(address) is { } fault)
        {
            throw new ArgumentException($"It {fault}.", parameter);
        }

        if (address.StartsWith("~/", StringComparison.Ordinal))
        {
            address = Below(pathBase, address[1..]);
        }

        if (!Uri.TryCreate(address, UriKind.RelativeOrAbsolute, out var target))
        {
            throw new ArgumentException("It is not a URL.", parameter);
        }

        return Ascii(target.IsAbsoluteUri ? new UriBuilder(target) { Host = target.IdnHost }.Uri.AbsoluteUri : address);
    }

    private static bool IsWeb(Uri target) => target.Scheme is "https" or "http";

    /// <summary>Whether two slashes follow the scheme: browsers take fewer for a relative address, or for another host, as it comes.</summary>
    private static bool SaysHost(ReadOnlySpan<char> address) => address[(address.IndexOf(':') + 1)..].StartsWith("//", StringComparison.Ordinal);

    /// <summary>RFC 3986, section 3.1. Browsers ignore blanks in front.</summary>
    private static bool HasScheme(ReadOnlySpan<char> address)
    {
        var text = address.TrimStart();
        var end = text.IndexOfAny(":/?#");
        return end > 0 && text[end] == ':' && char.IsAsciiLetter(text[0]);
    }

    private static string Ascii(string address)
    {
        var escaped = new StringBuilder(address.Length);
        foreach (var rune in address.EnumerateRunes())
        {
            escaped.Append(rune.Value is > ' ' and < 0x7f ? rune.ToString() : Uri.EscapeDataString(rune.ToString()));
        }

        return escaped.ToString();
    }
}
