using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using SessionLifetime.Configuration;
using SessionLifetime.Http.Reading;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Admission;

/// <summary>The cookie that carries the id of a browser's session where no script sends the header.</summary>
internal sealed class TransportCookie(IOptions<TransportCookieOptions> options)
{
    private readonly CookieBuilder _cookie = options.Value.Cookie;
    private readonly string _name = options.Value.Cookie.Name!;

    /// <summary>The id as it was sent, of several the one with the longest path; null where there is none.</summary>
    public string? Read(HttpRequest request)
    {
        foreach (var value in new CookieValues(request.Headers.Cookie, _name))
        {
            return value.ToString();
        }

        return null;
    }

    /// <summary>
    /// Whether a lifecycle call or a connection may use the cookie: only where <c>Sec-Fetch-Site</c>, or without it <c>Origin</c>, shows that a page of the
    /// app sent it, since browsers add cookies to requests of other sites too. A GET, which can do no more than keep the session alive, may lack both.
    /// </summary>
    public static bool IsProven(HttpRequest request) =>
        RequestOrigin.IsSame(request)
        && (request.Headers[SessionHeaders.SecFetchSite].Count > 0 || request.Headers.Origin.Count > 0 || HttpMethods.IsGet(request.Method));

    public void Append(HttpContext context, SessionId id, string path) =>
        context.Response.Cookies.Append(_name, id.Reveal(), CookieRules.For(_cookie, context, path));

    public void Expire(HttpContext context, string path) =>
        context.Response.Cookies.Delete(_name, CookieRules.For(_cookie, context, path));
}
