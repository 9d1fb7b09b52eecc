using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace SessionLifetime;

/// <summary>
/// What a page leaves for the request that follows it: <c>SessionLifetime.Relay.&lt;page&gt;=&lt;token&gt;~&lt;when&gt;~&lt;where to&gt;</c>.
/// Each page names its own, so that two tabs that leave at the same moment do not overwrite each other; when and where to tell them apart.
/// </summary>
/// <param name="Name">The whole name.</param>
/// <param name="Token">The one-time token, or <see cref="EndedMark"/>.</param>
/// <param name="Time">When it was written, in milliseconds of the writer's clock.</param>
/// <param name="Target">A hash of the address it was written for; 0 where the writer could not know.</param>
internal readonly record struct RelayCookie(string Name, string Token, long Time, uint Target)
{
    public const string Prefix = "SessionLifetime.Relay.";

    /// <summary>What a page leaves whose session has ended.</summary>
    public const string EndedMark = "ended";

    /// <summary>How many are looked at: a browser has as many as tabs left a page in the last seconds.</summary>
    private const int Most = 16;

    private const int MaxNameLength = 64;

    // Cookies end up in logs of what failed.
    public override string ToString() => "[relay cookie]";

    public string Format() => string.Create(CultureInfo.InvariantCulture, $"{Token}~{Time}~{Target:x}");

    /// <summary>
    /// Those that may be meant for a request, the likeliest first. Those that were written for another address are not: a browser may send
    /// a request before it has written the cookie that belongs to it. One that names this address comes before one that names none, a
    /// newer one before an older: a page that leaves waits while another's is on its way to the same address.
    /// </summary>
    public static IReadOnlyList<RelayCookie> For(HttpRequest request)
    {
        var found = Read(request.Headers.Cookie);
        if (found.Count == 0)
        {
            return found;
        }

        // As it came; not every server says so.
        var target = TargetOf(request.HttpContext.Features.Get<IHttpRequestFeature>()?.RawTarget is { Length: > 0 } raw
            ? raw
            : request.Path.ToUriComponent() + request.QueryString.ToUriComponent());
        return [.. found
            .Where(cookie => cookie.Target == target || cookie.Target == 0 || target == 0)
            .OrderByDescending(cookie => cookie.Target == target)
            .ThenByDescending(cookie => cookie.Time)];
    }

    /// <summary>
    /// The hash of an address's last segment and query (FNV-1a, 32 bits): what stands before them a proxy may change. 0 for none.
    /// </summary>
    public static uint TargetOf(ReadOnlySpan<char> address)
    {
        var fragment = address.IndexOf('#');
        address = fragment < 0 ? address : address[..fragment];
        var query = address.IndexOf('?');
        var path = query < 0 ? address : address[..query];
        address = address[(path.LastIndexOf('/') + 1)..];
        var hash = 2166136261;
        foreach (var character in address)
        {
            hash = (hash ^ character) * 16777619;
        }

        return address.IsEmpty ? 0 : hash;
    }

    private static List<RelayCookie> Read(StringValues headers)
    {
        var found = new List<RelayCookie>();
        foreach (var header in headers)
        {
            foreach (var part in header.AsSpan().Split(';'))
            {
                var pair = header.AsSpan()[part].Trim(" \t");
                if (pair.StartsWith(Prefix, StringComparison.Ordinal) && TryParse(pair, out var cookie))
                {
                    found.Add(cookie);
                    if (found.Count == Most)
                    {
                        return found;
                    }
                }
            }
        }

        return found;
    }

    private static bool TryParse(ReadOnlySpan<char> pair, out RelayCookie cookie)
    {
        cookie = default;
        var equals = pair.IndexOf('=');
        if (equals is <= 0 or > MaxNameLength || pair[..equals].ContainsAnyExcept(SessionLifetimeOptionsValidator.Token))
        {
            return false;
        }

        Span<Range> parts = stackalloc Range[4];
        var value = pair[(equals + 1)..];
        if (value.Split(parts, '~') != 3
            || !long.TryParse(value[parts[1]], NumberStyles.None, CultureInfo.InvariantCulture, out var time)
            || !uint.TryParse(value[parts[2]], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var target)
            || value[parts[0]].Length > SessionId.TextLength)
        {
            return false;
        }

        cookie = new(pair[..equals].ToString(), value[parts[0]].ToString(), time, target);
        return true;
    }
}
