using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using SessionLifetime.Configuration;
using SessionLifetime.Http.Reading;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Admission;

/// <summary>Carries the id of a browser's one session in a cookie, where no script carries it.</summary>
internal sealed class TransportCookie(IOptions<TransportCookieOptions> options)
{
    private readonly CookieBuilder _cookie = options.Value.Cookie;
    private readonly string _name = options.Value.Cookie.Name!;

    /// <summary>The id as it came, of several the one set nearest to the path; null when the browser has none.</summary>
    public string? Read(HttpRequest request)
    {
        foreach (var value in new CookieValues(request.Headers.Cookie, _name))
        {
            return value.ToString();
        }

        return null;
    }

    /// <summary>
    /// Whether a lifecycle call, or a connection, may use the cookie, which browsers send of their own accord: only where they say that a
    /// page of ours made the call. <c>Origin</c> says so where Fetch Metadata is missing; a GET, which cannot do more than keep the session, may lack both.
    /// </summary>
    public static bool IsProven(HttpRequest request) =>
        RequestOrigin.IsSame(request)
        && (request.Headers[SessionHeaders.SecFetchSite].Count > 0 || request.Headers.Origin.Count > 0 || HttpMethods.IsGet(request.Method));

    public void Append(HttpContext context, SessionId id, string path) =>
        context.Response.Cookies.Append(_name, id.Reveal(), CookieRules.For(_cookie, context, path));

    public void Expire(HttpContext context, string path) =>
        context.Response.Cookies.Delete(_name, CookieRules.For(_cookie, context, path));
}
