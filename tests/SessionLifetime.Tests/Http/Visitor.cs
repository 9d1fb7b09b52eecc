using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Tests.Http;

/// <summary>A browser: it keeps the cookie it is set, takes over new ids as the module does, and may have somebody signed in.</summary>
internal sealed class Visitor(SessionApp app)
{
    public const string CookieName = "SessionLifetime.Browser";

    private const string UserHeader = "X-Test-User";

    public string? Id { get; set; }

    /// <summary>The key in its cookie; null while it has none.</summary>
    public string? Key { get; set; }

    public string? User { get; set; }

    /// <summary>Whether it takes cookies.</summary>
    public bool TakesCookies { get; init; } = true;

    /// <summary>Whether the next answer reaches it.</summary>
    public bool IsDeaf { get; set; }

    /// <summary>The framework's place for whoever a test says is signed in.</summary>
    public static void UseTestUsers(WebApplication web) => web.Use(static (context, next) =>
    {
        if (context.Request.Headers[UserHeader] is [{ } user])
        {
            // "name:ada" is a user who has no other claim than a name.
            var claim = user.Split(':') is [var type, var value] ? new Claim(type, value) : new Claim(ClaimTypes.NameIdentifier, user);
            context.User = new ClaimsPrincipal(new ClaimsIdentity([claim], "test", nameType: "name", roleType: null));
        }

        return next(context);
    });

    /// <summary>A browser whose session is bound to it, and to its user.</summary>
    public static async Task<Visitor> ArriveAsync(SessionApp app, string? user = null, string? key = null)
    {
        var visitor = new Visitor(app) { User = user, Key = key };
        (await visitor.AttachAsync()).Is(HttpStatusCode.Created);
        (await visitor.PingAsync()).Is(HttpStatusCode.OK);
        return visitor;
    }

    public async Task<Answer> AttachAsync(string page = "page") => Hear(await app.AttachAsync(Id, page, with: Dress));

    public async Task<Answer> PingAsync() => Hear(await app.PingAsync(Id, with: Dress));

    public async Task<Answer> ActivityAsync() => Hear(await app.ActivityAsync(Id, with: Dress));

    public async Task<Answer> StatusAsync() => Hear(await app.StatusAsync(Id, with: Dress));

    public async Task<Answer> ExitAsync() => Hear(await app.PostAsync("/exit", Id, body: null, Dress));

    public async Task<Answer> GetAsync(string path, Action<HttpRequestMessage>? with = null) => Hear(await app.GetAsync(path, Id, request =>
    {
        Dress(request);
        with?.Invoke(request);
    }));

    /// <summary>Its session, as the server sees it.</summary>
    public async Task<TabSession?> SessionAsync() => await app.Sessions.FindAsync((await StatusAsync()).Is(HttpStatusCode.OK).String("session")!);

    public void Dress(HttpRequestMessage request)
    {
        if (Key is not null)
        {
            request.Headers.Add("Cookie", $"other=1; {CookieName}={Key}");
        }

        if (User is not null)
        {
            request.Headers.Add(UserHeader, User);
        }
    }

    private Answer Hear(Answer answer)
    {
        if (IsDeaf)
        {
            IsDeaf = false;
            return answer;
        }

        if (TakesCookies && answer.Header("Set-Cookie") is { } cookie && cookie.StartsWith(CookieName + "=", StringComparison.Ordinal))
        {
            Key = cookie.Split('=', ';')[1];
        }

        var isStatus = string.Equals(answer.Header("Content-Type"), "application/json", StringComparison.Ordinal) && answer.Text.StartsWith('{');
        Id = (isStatus ? answer.Id : null) ?? answer.Header("X-Session-Id") ?? Id;
        return answer;
    }
}
