using System.Net;

namespace SessionLifetime.Tests.Http;

/// <summary>
/// What another site can make a browser send, without a script of ours: forms, images, and <c>fetch</c> in <c>no-cors</c> mode. It has
/// the browser's cookies where those are SameSite None, never our header, and no JSON content type.
/// </summary>
public sealed class CrossSiteTests
{
    public static TheoryData<string, string> Sent => new()
    {
        { "application/x-www-form-urlencoded", "page=p&tab=t" },
        { "application/x-www-form-urlencoded", """{"page":"p","x":"=1"}""" },
        { "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"page\"\r\n\r\np\r\n--b--\r\n" },
        { "text/plain", """{"page":"p","tab":"t"}""" },
        { "text/plain;charset=UTF-8", """{"idleMs":0}""" },
    };

    [Theory]
    [MemberData(nameof(Sent))]
    public async Task A_form_of_another_site_starts_touches_and_ends_nothing(string type, string body)
    {
        await using var app = await SessionApp.StartAsync();
        var owner = new Visitor(app);
        await owner.AttachAsync();
        await owner.PingAsync();
        var session = (await owner.SessionAsync())!;
        var before = (session.LastActivity, session.LastSignal);
        app.Time.Advance(TimeSpan.FromSeconds(1));

        foreach (var (call, status, code) in new[]
        {
            ("/attach", HttpStatusCode.UnsupportedMediaType, "notJson"),
            ("/ping", HttpStatusCode.PreconditionRequired, "sessionRequired"),
            ("/activity", HttpStatusCode.PreconditionRequired, "sessionRequired"),
            ("/exit", HttpStatusCode.PreconditionRequired, "sessionRequired"),
        })
        {
            (await SendAsync(HttpMethod.Post, call)).IsProblem(status, code);
        }

        (await SendAsync(HttpMethod.Post, "/detach")).Is(HttpStatusCode.NoContent);
        (await SendAsync(HttpMethod.Get, "")).IsProblem(HttpStatusCode.PreconditionRequired, "sessionRequired");
        var page = (await SendAsync(HttpMethod.Get, "/stretch")).Is(HttpStatusCode.OK);
        Assert.DoesNotContain(owner.Id!, page.Text, StringComparison.Ordinal);
        Assert.Equal(before, (session.LastActivity, session.LastSignal));
        Assert.Equal(1, app.Sessions.Count);

        Task<Answer> SendAsync(HttpMethod method, string call) => app.CallAsync(method, call, id: null, method == HttpMethod.Post ? body : null, type, request =>
        {
            request.Headers.Add("Cookie", $"{Visitor.CookieName}={owner.Key}");
            request.Headers.Add("Origin", "https://elsewhere.example");
            request.Headers.Add("Sec-Fetch-Site", "cross-site");
        });
    }

    [Fact]
    public async Task A_fetch_of_another_site_that_asks_first_is_not_let_in()
    {
        await using var app = await SessionApp.StartAsync();
        foreach (var call in new[] { "", "/attach", "/ping", "/activity", "/exit", "/detach", "/stretch" })
        {
            var answer = await app.SendAsync(HttpMethod.Options, "/_session" + call, null, with: static request =>
            {
                request.Headers.Add("Origin", "https://elsewhere.example");
                request.Headers.Add("Access-Control-Request-Method", "POST");
                request.Headers.Add("Access-Control-Request-Headers", "x-session-id,content-type");
            });

            answer.Is(HttpStatusCode.MethodNotAllowed);
            Assert.DoesNotContain(answer.Headers.Keys, static name => name.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
        }
    }
}
