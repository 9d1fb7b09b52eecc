using System.Net;

namespace SessionLifetime.Tests.Http;

public sealed class StretchPageTests
{
    [Fact]
    public async Task The_stretch_page_refreshes_itself_and_keeps_its_session()
    {
        await using var app = await SessionApp.StartAsync(setup => setup.Options = options => options.SessionTimeout = TimeSpan.FromMinutes(3));
        var id = await app.StartSessionAsync();
        for (var i = 0; i < 20; i++)
        {
            app.Time.Advance(TimeSpan.FromSeconds(55));
            var page = (await app.CallAsync(HttpMethod.Get, "/stretch", id)).Is(HttpStatusCode.OK);

            Assert.Equal("text/html; charset=utf-8", page.Header("Content-Type"));
            Assert.Contains("""<meta http-equiv="refresh" content="55">""", page.Text, StringComparison.Ordinal);
            Assert.DoesNotContain(id, page.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("<script", page.Text, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("default-src 'none'", page.Header("Content-Security-Policy"), StringComparison.Ordinal);
        }

        Assert.Equal(180_000, (await app.StatusAsync(id)).Number("timeoutInMs"));
        Assert.Equal(TimeSpan.FromSeconds(55) * 20, (await app.ClocksAsync(id)).Idle);
        app.Time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal("SignalLost", (await app.StatusAsync(id)).String("reason"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("malformed")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA")]
    public async Task Without_a_session_the_page_rests(string? id)
    {
        await using var app = await SessionApp.StartAsync();

        var page = (await app.CallAsync(HttpMethod.Get, "/stretch", id)).Is(HttpStatusCode.OK);

        Assert.DoesNotContain("refresh", page.Text, StringComparison.Ordinal);
        Assert.Equal(0, app.Sessions.Count);
    }

    [Fact]
    public async Task When_its_session_has_ended_the_page_rests()
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(40));

        Assert.DoesNotContain("refresh", (await app.CallAsync(HttpMethod.Get, "/stretch", id)).Text, StringComparison.Ordinal);
        Assert.Equal("SignalLost", (await app.StatusAsync(id)).String("reason"));
    }

    [Fact]
    public async Task Where_stretches_are_not_allowed_the_page_is_a_ping()
    {
        await using var app = await SessionApp.StartAsync(setup => setup.Options = options => options.AllowStretch = false);
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(10));

        (await app.CallAsync(HttpMethod.Get, "/stretch", id)).Is(HttpStatusCode.OK);

        Assert.Equal(10 * 60_000, (await app.StatusAsync(id)).Number("timeoutInMs"));
        Assert.Equal(TimeSpan.Zero, (await app.ClocksAsync(id)).Silent);
    }
}
