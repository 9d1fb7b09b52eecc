using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using SessionLifetime.Configuration;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Navigation;

/// <summary>
/// The cookie that a page writes for the request that follows it: <c>SessionLifetime.Relay.&lt;page&gt;=&lt;token&gt;~&lt;when&gt;~&lt;where to&gt;</c>, and
/// <c>~&lt;path&gt;</c> where it is not for the whole site. The name contains the page, so that two tabs that navigate at the same moment do not
/// overwrite each other's; time and target tell them apart.
/// </summary>
/// <param name="Name">The whole name.</param>
/// <param name="Token">The one-time token, or the mark of an ended session: <c>ended.&lt;public id&gt;</c>, or <c>ended-&lt;reason&gt;.&lt;public id&gt;</c>.</param>
/// <param name="Time">When it was written, in milliseconds of the writer's clock.</param>
/// <param name="Target">A hash of the address it was written for; 0 where the writer does not know it.</param>
/// <param name="Path">The path of the cookie, which browsers do not send.</param>
internal readonly record struct RelayCookie(string Name, string Token, long Time, uint Target, string Path = "/")
{
    public const string Prefix = "SessionLifetime.Relay.";

    /// <summary>The mark of a page whose session has ended.</summary>
    private const string EndedMark = "ended";

    /// <summary>The mark of a navigation whose tab was asked for its session.</summary>
    private const string AskedMark = "asked";

    /// <summary>
    /// How many are read: more than fit into the headers of a request. A browser has one for each tab that navigated within the last seconds, and what
    /// another site of the domain has planted, which must not push those out.
    /// </summary>
    private const int MaxCount = 1024;

    /// <summary>The longest token: a mark with its reason and its session.</summary>
    private const int MaxTokenLength = 40;

    /// <summary>How far a browser's clock may be from the server's for what it says of now.</summary>
    private static readonly TimeSpan s_recent = TimeSpan.FromSeconds(30);

    private const int MaxNameLength = 64;

    private const int MaxPathLength = 256;

    /// <summary>What a path may hold to be written as a cookie's (RFC 6265, section 4.1.1), without some that are not needed.</summary>
    private static readonly SearchValues<char> s_path =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+=:@/%");

    /// <summary>The characters that browsers encode nowhere in an address (URL standard).</summary>
    private static readonly SearchValues<char> s_kept =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&()*+,;=:@/?#%");

    /// <summary>Whether it says that the tab was asked for its session.</summary>
    public bool IsAsked => string.Equals(Token, AskedMark, StringComparison.Ordinal);

    // Never logged: the token gives access.
    public override string ToString() => "[relay cookie]";

    public string Format() => string.Create(CultureInfo.InvariantCulture, $"{Token}~{Time}~{Target:x}{(Path is not "/" && IsPath(Path) ? "~" + Path : "")}");

    /// <summary>Says that the tab of a request is asked for its session.</summary>
    public static RelayCookie Asked(string name, HttpRequest request, DateTimeOffset now, string path) =>
        new(name, AskedMark, now.ToUnixTimeMilliseconds(), TargetOf(AddressOf(request)), path);

    /// <summary>Whether it says that the page's session has ended: which session, and the reason, if the page knows it.</summary>
    public bool IsEnded(out PublicId session, out SessionEndReason? reason)
    {
        (session, reason) = (default, null);
        var dot = Token.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0 || !Token.StartsWith(EndedMark, StringComparison.Ordinal) || !PublicId.TryParse(Token.AsSpan(dot + 1), out session))
        {
            return false;
        }

        var mark = Token.AsSpan(0, dot);
        foreach (var one in Enum.GetValues<SessionEndReason>())
        {
            reason = mark.Equals($"{EndedMark}-{one}", StringComparison.Ordinal) ? one : reason;
        }

        return reason is not null || mark.Length == EndedMark.Length;
    }

    /// <summary>Whether it was written seconds ago, by the clock of its browser. Browsers keep it no longer, unless somebody has planted it.</summary>
    public bool IsRecent(DateTimeOffset now) => Math.Abs(now.ToUnixTimeMilliseconds() - (double)Time) < s_recent.TotalMilliseconds;

    /// <summary>
    /// The cookies that may belong to a request, the likeliest first: without those for other addresses, which belong to requests that are still to
    /// come; those for this address before those for an unknown one; newer ones before older ones, since a page waits with its navigation while
    /// another page's to the same address is under way.
    /// </summary>
    public static IReadOnlyList<RelayCookie> For(HttpRequest request)
    {
        var found = Read(request.Headers.Cookie);
        if (found.Count == 0)
        {
            return found;
        }

        var target = TargetOf(AddressOf(request));
        return [.. found
            .Where(cookie => cookie.Target == target || cookie.Target == 0 || target == 0)
            .OrderByDescending(cookie => cookie.Target == target)
            .ThenByDescending(cookie => cookie.Time)];
    }

    /// <summary>
    /// The hash of an address's last segment and query (FNV-1a, 32 bits); proxies may change what precedes them. 0 where both are empty. A single
    /// question mark counts as no query.
    /// </summary>
    public static uint TargetOf(ReadOnlySpan<char> address)
    {
        var fragment = address.IndexOf('#');
        address = fragment < 0 ? address : address[..fragment];
        var query = address.IndexOf('?');
        var path = query < 0 ? address : address[..query];
        address = query == address.Length - 1 ? path : address;
        address = address[(path.LastIndexOf('/') + 1)..];
        var hash = 2166136261;
        foreach (var character in address)
        {
            hash = (hash ^ character) * 16777619;
        }

        return address.IsEmpty ? 0 : hash;
    }

    /// <summary>
    /// The same for the address of a redirect, resolved against that of the request as a browser does. 0 where a browser would also normalize or encode
    /// it.
    /// </summary>
    public static uint TargetOfRedirect(HttpRequest request, string location)
    {
        var to = location.AsSpan();
        if (to.ContainsAnyExcept(s_kept))
        {
            return 0;
        }

        var authority = request.Scheme.Length + "://".Length;
        if (to.StartsWith(request.Scheme + "://", StringComparison.OrdinalIgnoreCase))
        {
            var end = to[authority..].IndexOfAny('/', '?', '#');
            to = end < 0 ? [] : to[(authority + end)..];
        }
        else if (to is ['?' or '#', ..])
        {
            var own = AddressOf(request);
            var query = own.IndexOf('?', StringComparison.Ordinal);
            to = string.Concat(to[0] == '?' && query >= 0 ? own.AsSpan(0, query) : own, to);
        }

        return HasDots(to) ? 0 : TargetOf(to);
    }

    /// <summary>The address as it was sent, or composed where the server does not give that.</summary>
    private static string AddressOf(HttpRequest request) => request.HttpContext.Features.Get<IHttpRequestFeature>()?.RawTarget is { Length: > 0 } raw
        ? raw
        : request.Path.ToUriComponent() + request.QueryString.ToUriComponent();

    /// <summary>Whether the last segment is a dot segment, which browsers resolve.</summary>
    private static bool HasDots(ReadOnlySpan<char> address)
    {
        var end = address.IndexOfAny('?', '#');
        var path = end < 0 ? address : address[..end];
        var last = path[(path.LastIndexOf('/') + 1)..];
        return last is "." or ".." || last.Contains("%2e", StringComparison.OrdinalIgnoreCase);
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
                    if (found.Count == MaxCount)
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
        var count = value.Split(parts, '~');
        var path = count == 4 ? Uri.UnescapeDataString(value[parts[3]]) : "/";
        if (count < 3
            || !IsPath(path)
            || !long.TryParse(value[parts[1]], NumberStyles.None, CultureInfo.InvariantCulture, out var time)
            || !uint.TryParse(value[parts[2]], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var target)
            || value[parts[0]].Length > (value.StartsWith(EndedMark) ? MaxTokenLength : SessionId.TextLength))
        {
            return false;
        }

        cookie = new(pair[..equals].ToString(), value[parts[0]].ToString(), time, target, path);
        return true;
    }

    private static bool IsPath(string text) => text is ['/', ..] && text.Length <= MaxPathLength && !text.AsSpan().ContainsAnyExcept(s_path);
}
