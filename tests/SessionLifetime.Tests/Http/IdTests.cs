using System.Net;
using Microsoft.AspNetCore.Builder;

namespace SessionLifetime.Tests.Http;

/// <summary>Every call, with every kind of id that leads nowhere.</summary>
public sealed class IdTests
{
    public static TheoryData<string, string> CallsThatNeedAnId => new()
    {
        { "GET", "" },
        { "POST", "/ping" },
        { "POST", "/activity" },
        { "POST", "/exit" },
    };

    [Theory]
    [MemberData(nameof(CallsThatNeedAnId))]
    public async Task Without_an_id_a_session_is_required(string method, string call)
    {
        await using var app = await SessionApp.StartAsync();

        var answer = await app.CallAsync(HttpMethod.Parse(method), call, id: null);

        answer.IsProblem(HttpStatusCode.PreconditionRequired, "sessionRequired");
        Assert.DoesNotContain(answer.Headers.Keys, header => header.StartsWith("X-Session", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [MemberData(nameof(CallsThatNeedAnId))]
    public async Task An_id_nobody_issued_is_unknown(string method, string call)
    {
        await using var app = await SessionApp.StartAsync();
        await app.StartSessionAsync();
        string[] ids =
        [
            "AAAAAAAAAAAAAAAAAAAAAA",
            "x",
            "AAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAB",
            "AAAAAAAAAAAAAAAAAAAA==",
            "AAAAAAAAAAAAAAAAAAAA+/",
            "AAAAAAAAAA AAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAA,AAAAAAAAAAAAAAAAAAAAAA",
            "null",
            "'; drop table sessions; --",
            "../../etc/passwd",
            new string('A', 10 * 1024),
        ];

        foreach (var id in ids)
        {
            (await app.CallAsync(HttpMethod.Parse(method), call, id)).IsProblem(HttpStatusCode.NotFound, "sessionUnknown");
        }
    }

    [Theory]
    [MemberData(nameof(CallsThatNeedAnId))]
    public async Task A_living_id_twice_or_in_a_list_is_unknown(string method, string call)
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();

        (await app.CallAsync(HttpMethod.Parse(method), call, id: null, with: request => request.Headers.Add(SessionApp.IdHeader, [id, id])))
            .IsProblem(HttpStatusCode.NotFound, "sessionUnknown");
        (await app.CallAsync(HttpMethod.Parse(method), call, id + ", " + id)).IsProblem(HttpStatusCode.NotFound, "sessionUnknown");
        (await app.StatusAsync(id)).Is(HttpStatusCode.OK);
    }

    [Theory]
    [MemberData(nameof(CallsThatNeedAnId))]
    public async Task A_public_id_opens_nothing(string method, string call)
    {
        await using var app = await SessionApp.StartAsync();
        var answer = await app.AttachAsync();

        (await app.CallAsync(HttpMethod.Parse(method), call, answer.String("session"))).IsProblem(HttpStatusCode.NotFound, "sessionUnknown");
        (await app.StatusAsync(answer.Id)).Is(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(nameof(SessionEndReason.Exited))]
    [InlineData(nameof(SessionEndReason.IdleTimeout))]
    [InlineData(nameof(SessionEndReason.SignalLost))]
    [InlineData(nameof(SessionEndReason.SelfDestructed))]
    [InlineData(nameof(SessionEndReason.AbsoluteTimeout))]
    [InlineData(nameof(SessionEndReason.Revoked))]
    public async Task An_ended_id_is_gone_and_every_call_tells_why(string reason)
    {
        await using var app = await EndableApp.StartAsync();
        foreach (var (method, call) in CallsThatNeedAnId.Select(row => row.Data))
        {
            var id = await EndableApp.EndAsync(app, reason);

            var answer = (await app.CallAsync(HttpMethod.Parse(method), call, id)).IsProblem(HttpStatusCode.Gone, "sessionEnded");

            Assert.Equal(reason, answer.String("reason"));
            Assert.Equal("ended", answer.Header("X-Session-State"));
        }

        Assert.Equal(0, app.Sessions.Count);
    }

    [Fact]
    public async Task The_id_header_is_the_one_the_app_named()
    {
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.Prefix = "/deep/in/the/app";
            setup.Options = options =>
            {
                options.IdHeaderName = "X-Tab";
                options.PageHeaderName = "X-Tab-Page";
            };
            setup.Map = web => web.MapGet("/", static (Microsoft.AspNetCore.Http.HttpContext context) => context.GetTabSession()?.Id ?? "none");
        });
        var id = await app.StartSessionAsync();

        (await app.StatusAsync(id)).IsProblem(HttpStatusCode.PreconditionRequired, "sessionRequired");
        (await app.StatusAsync(null, with: request => request.Headers.Add("x-tab", id))).Is(HttpStatusCode.OK);
        Assert.Equal("none", (await app.GetAsync("/", id)).Text);
        Assert.NotEqual("none", (await app.GetAsync("/", null, request => request.Headers.Add("X-Tab", id))).Text);
        (await app.SendAsync(HttpMethod.Post, "/_session/attach", null, """{"page":"p"}""")).Is(HttpStatusCode.NotFound);
    }
}
