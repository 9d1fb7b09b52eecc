using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using SessionLifetime.Ids;

namespace SessionLifetime.Tests.Http;

/// <summary>
/// Bytes that one party reads differently from the other, on a real server, beside a session that lives: each has its exact answer, and the
/// session is as it was.
/// </summary>
/// <remarks>In a template, {id} and {key} are the session's own, {other} and {wrong} were issued to nobody.</remarks>
public sealed partial class SmugglingTests
{
    private const string Own = "X-Session-Id: {id}\r\nCookie: SessionLifetime.Browser={key}\r\n";

    [Theory]
    [InlineData(Own, 200)]
    [InlineData("X-Session-Id: {id}\r\nX-Session-Id: {other}\r\nCookie: SessionLifetime.Browser={key}\r\n", 404)]
    [InlineData("X-Session-Id: {other}\r\nX-Session-Id: {id}\r\nCookie: SessionLifetime.Browser={key}\r\n", 404)]
    [InlineData("X-Session-Id: {id}\r\nx-session-ID: {id}\r\nCookie: SessionLifetime.Browser={key}\r\n", 404)]
    [InlineData("X-Session-Id: {id}\r\nX-Session-Id:\r\nCookie: SessionLifetime.Browser={key}\r\n", 404)]
    [InlineData("X-Session-Id: {id},\r\nCookie: SessionLifetime.Browser={key}\r\n", 404)]
    [InlineData("X-Session-Id: ,{id}\r\nCookie: SessionLifetime.Browser={key}\r\n", 404)]
    [InlineData("X-Session-Id: {id}, {other}\r\nCookie: SessionLifetime.Browser={key}\r\n", 404)]
    [InlineData("X-Session-Id: {id};q=1\r\nCookie: SessionLifetime.Browser={key}\r\n", 404)]
    [InlineData("X-Session-Id: \"{id}\"\r\nCookie: SessionLifetime.Browser={key}\r\n", 404)]
    [InlineData("X-Session-Id: {id}==\r\nCookie: SessionLifetime.Browser={key}\r\n", 404)]
    [InlineData("X-Session-Id: {id}%0d%0aX-Injected: 1\r\nCookie: SessionLifetime.Browser={key}\r\n", 404)]
    [InlineData("X-Session-Id: {id}\u00c2\u00a0\r\nCookie: SessionLifetime.Browser={key}\r\n", 404)]
    [InlineData("X-Session-Id: \u00ef\u00bb\u00bf{id}\r\nCookie: SessionLifetime.Browser={key}\r\n", 404)]
    [InlineData("X-Session-Id:\t {id}\t \r\nCookie: SessionLifetime.Browser={key}\r\n", 200)]
    [InlineData("X_Session_Id: {id}\r\nCookie: SessionLifetime.Browser={key}\r\n", 428)]
    [InlineData("X-Session-Id: {id}\r\n", 403)]
    [InlineData("X-Session-Id: {id}\r\nCookie: SessionLifetime.Browser={wrong}\r\n", 403)]
    [InlineData("X-Session-Id: {id}\r\nCookie: SessionLifetime.Browser={key},{key}\r\n", 403)]
    [InlineData("X-Session-Id: {id}\r\nCookie: SessionLifetime.Browser={key}, SessionLifetime.Browser={wrong}\r\n", 403)]
    [InlineData("X-Session-Id: {id}\r\nCookie: sessionlifetime.browser={key}\r\n", 403)]
    [InlineData("X-Session-Id: {id}\r\nCookie: a=\"; SessionLifetime.Browser={wrong}; b=\"\r\n", 403)]
    [InlineData("X-Session-Id: {id}\r\nCookie: SessionLifetime.Browser={wrong}; SessionLifetime.Browser=\"{key}\"\r\n", 200)]
    [InlineData("X-Session-Id: {id}\r\nCookie: SessionLifetime.Browser={wrong}\r\nCookie: SessionLifetime.Browser={key}\r\n", 200)]
    [InlineData("X-Session-Id: {other}\r\n X-Session-Id: {other}\r\n", 400)]
    [InlineData("X-Session-Id: {other}\r\n\t{other}\r\n", 400)]
    [InlineData(" X-Session-Id: {other}\r\n", 400)]
    [InlineData("X-Session-Id\t: {other}\r\n", 400)]
    [InlineData("X-Session-Id\u0000: {other}\r\n", 400)]
    [InlineData("X-Session Id: {other}\r\n", 400)]
    [InlineData("X-Session-Id {other}\r\n", 400)]
    [InlineData(": {other}\r\n", 400)]
    [InlineData("X-Session-Id: {other}\u0000\r\n", 400)]
    [InlineData("Cookie: SessionLifetime.Browser={wrong}\u0000\r\nX-Session-Id: {other}\r\n", 400)]
    [InlineData("X-Session-Id: {other}\u00a0\r\n", 400)]
    [InlineData("Host: b\r\nX-Session-Id: {other}\r\n", 400)]
    public async Task Header_lines_beside_a_living_session_are_answered_for_what_they_are(string lines, int status)
    {
        await using var app = await StartAsync();
        var witness = await WitnessAsync(app);

        var answer = await app.SendRawAsync($"GET /_session HTTP/1.1\r\nHost: a\r\n{witness.Fill(lines)}Connection: close\r\n\r\n");
        Assert.Equal([status], Statuses(answer));
        Assert.DoesNotContain("X-Injected", answer, StringComparison.OrdinalIgnoreCase);

        var page = await app.SendRawAsync($"GET /none HTTP/1.1\r\nHost: a\r\n{witness.Fill(lines)}Connection: close\r\n\r\n");
        Assert.Equal([status == 400 ? 400 : 200], Statuses(page));
        Assert.Equal(status is 403 or 404, page.Contains("X-Session-State: " + (status == 403 ? "refused" : "unknown"), StringComparison.Ordinal));
        await witness.IsUnharmedAsync(app);
    }

    [Theory]
    [InlineData("X-Session-Page", 10_000, 200)]
    [InlineData("X-Session-Page", 40_000, 431)]
    [InlineData("X-Session-Id", 30_000, 404)]
    [InlineData("X-Session-Id", 40_000, 431)]
    [InlineData("Cookie", 20_000, 200)]
    [InlineData("Cookie", 40_000, 431)]
    [InlineData("Origin", 20_000, 200)]
    [InlineData("Sec-Fetch-Site", 20_000, 200)]
    [InlineData("Sec-Purpose", 20_000, 200)]
    public async Task Oversized_headers_are_answered_for_what_they_are(string name, int length, int status)
    {
        await using var app = await StartAsync();
        var witness = await WitnessAsync(app);

        var answer = await app.SendRawAsync(
            $"GET /_session HTTP/1.1\r\nHost: a\r\n{witness.Fill(Own)}{name}: {new string('a', length)}\r\nConnection: close\r\n\r\n");

        Assert.Equal([status], Statuses(answer));
        await witness.IsUnharmedAsync(app);
    }

    [Fact]
    public async Task More_header_lines_than_the_server_takes_are_too_many()
    {
        await using var app = await StartAsync();
        var witness = await WitnessAsync(app);
        var lines = string.Concat(Enumerable.Range(0, 200).Select(n => string.Create(CultureInfo.InvariantCulture, $"X-Session-Page: p{n}\r\n")));

        Assert.Equal([431], Statuses(await app.SendRawAsync($"GET /_session HTTP/1.1\r\nHost: a\r\n{witness.Fill(Own)}{lines}Connection: close\r\n\r\n")));
        await witness.IsUnharmedAsync(app);
    }

    [Theory]
    [InlineData("Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}", 400)]
    [InlineData("Content-Length: 2, 30\r\n\r\n{}", 400)]
    [InlineData("Content-Length: +2\r\n\r\n{}", 403)]
    [InlineData("Content-Length: 0x2\r\n\r\n{}", 400)]
    [InlineData("Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400)]
    [InlineData("Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n", 403)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n", 403)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n3\r\n{}\r\n0\r\n\r\n", 403)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n", 403)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Session-Id: {other}\r\n\r\n", 403)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n2;ext=\"x\"\r\n{}\r\n0\r\n\r\n", 403)]
    public async Task Bodies_that_lie_about_themselves_reach_nobodys_session(string rest, int status)
    {
        await using var app = await StartAsync();
        var witness = await WitnessAsync(app);

        // The attacker knows the id, and has no key: where the server lets the request through to us, that is what it is refused for, whatever the body.
        var answer = await app.SendRawAsync(witness.Fill(
            "POST /_session/ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Session-Id: {id}\r\nContent-Type: application/json\r\n" + rest));

        Assert.Equal(status, Assert.Single(Statuses(answer)));
        await witness.IsUnharmedAsync(app);
    }

    [Fact]
    public async Task Pipelined_requests_each_have_their_own_session_or_none()
    {
        await using var app = await StartAsync();
        var witness = await WitnessAsync(app);

        var answer = await app.SendRawAsync(witness.Fill(
            "POST /_session/ping HTTP/1.1\r\nHost: a\r\n" + Own + "Content-Length: 0\r\n\r\n"
            + "GET /who HTTP/1.1\r\nHost: a\r\nX-Session-Id: {other}\r\n\r\n"
            + "GET /who HTTP/1.1\r\nHost: a\r\n" + Own + "\r\n"
            + "GET /who HTTP/1.1\r\nHost: a\r\n\r\n"
            + "POST /_session/exit HTTP/1.1\r\nHost: a\r\nX-Session-Id: {id}\r\nContent-Length: 0\r\n\r\n"
            + "GET /who HTTP/1.1\r\nHost: a\r\nX-Session-Id: {id}\r\nCookie: SessionLifetime.Browser={wrong}\r\nConnection: close\r\n\r\n"));

        Assert.Equal([200, 200, 200, 200, 403, 200], Statuses(answer));
        Assert.Equal(["none", witness.Session, "none", "none"], Whos().Matches(answer).Select(static match => match.Groups[1].Value));
        Assert.Equal(SessionState.Active, (await app.Sessions.FindAsync(witness.Session))!.State);
    }

    [Fact]
    public async Task A_request_inside_a_body_is_no_request()
    {
        await using var app = await StartAsync();
        var witness = await WitnessAsync(app);
        var inner = witness.Fill("POST /_session/exit HTTP/1.1\r\nHost: a\r\n" + Own + "\r\n");
        var length = inner.Length.ToString(CultureInfo.InvariantCulture);
        var chunk = inner.Length.ToString("x", CultureInfo.InvariantCulture);

        // One party counts, the other reads chunks.
        var both = await app.SendRawAsync(
            $"POST /_session/detach HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}\r\n{inner}\r\n0\r\n\r\n");
        var counted = await app.SendRawAsync($"POST /_session/detach HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{inner}GET /who HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        var unread = await app.SendRawAsync($"GET /who HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{inner}GET /who HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

        Assert.Equal([204], Statuses(both));
        Assert.Equal([204, 200], Statuses(counted));
        Assert.Equal([200, 200], Statuses(unread));
        await witness.IsUnharmedAsync(app);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a:8080")]
    [InlineData("xn--bcher-kva.example")]
    public async Task A_new_id_is_handed_out_only_to_where_the_request_went(string host)
    {
        await using var app = await StartAsync();
        var witness = await WitnessAsync(app);
        await (await app.Sessions.FindAsync(witness.Session))!.RotateIdAsync();

        var elsewhere = await app.SendRawAsync(witness.Fill($"GET /who HTTP/1.1\r\nHost: {host}\r\n" + Own + "Origin: http://b\r\nConnection: close\r\n\r\n"));
        var same = await app.SendRawAsync(witness.Fill($"GET /who HTTP/1.1\r\nHost: {host}\r\n" + Own + $"Origin: http://{host}\r\nConnection: close\r\n\r\n"));

        Assert.Equal([200], Statuses(elsewhere));
        Assert.DoesNotContain("X-Session-Id", elsewhere, StringComparison.OrdinalIgnoreCase);
        Assert.Equal([200], Statuses(same));
        Assert.Contains("X-Session-Id: ", same, StringComparison.Ordinal);
    }

    private static Task<SessionApp> StartAsync() => SessionApp.StartAsync(static setup =>
    {
        setup.Kestrel = true;
        setup.Map = static web =>
        {
            web.MapGet("/who", static (HttpContext context) => $"<{context.GetTabSession()?.Id ?? "none"}>");
            web.MapGet("/none", static () => "none").WithSessionSignal(SessionSignal.None);
        };
    });

    private static async Task<Witness> WitnessAsync(SessionApp app)
    {
        var key = BrowserKey.Create().Reveal();
        var answer = await app.AttachAsync(with: request => request.Headers.Add("Cookie", "SessionLifetime.Browser=" + key));
        app.Time.Advance(TimeSpan.FromMinutes(1));
        return new Witness(answer.Id!, answer.String("session")!, key);
    }

    private static IEnumerable<int> Statuses(string answers) =>
        StatusLines().Matches(answers).Select(static match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));

    [GeneratedRegex("HTTP/1\\.1 ([0-9]{3}) ")]
    private static partial Regex StatusLines();

    [GeneratedRegex("<([A-Za-z0-9_-]+)>")]
    private static partial Regex Whos();

    private sealed record Witness(string Id, string Session, string Key)
    {
        private readonly string _other = SessionId.Create().Reveal();
        private readonly string _wrong = BrowserKey.Create().Reveal();

        public string Fill(string template) => template
            .Replace("{id}", Id, StringComparison.Ordinal)
            .Replace("{key}", Key, StringComparison.Ordinal)
            .Replace("{other}", _other, StringComparison.Ordinal)
            .Replace("{wrong}", _wrong, StringComparison.Ordinal);

        /// <summary>Alive, its own browser's, and its clocks where they stood.</summary>
        public async Task IsUnharmedAsync(SessionApp app)
        {
            var session = (await app.Sessions.FindAsync(Session))!;
            Assert.Equal(SessionState.Active, session.State);
            Assert.True(BrowserKey.TryParse(Key, out var key) && key.ToId().ToString() == session.BrowserId);
            Assert.Equal((session.StartedAt, session.StartedAt), (session.LastActivity, session.LastSignal));
            (await app.StatusAsync(Id, request => request.Headers.Add("Cookie", "SessionLifetime.Browser=" + Key))).Is(HttpStatusCode.OK);
            Assert.Equal(1, app.Sessions.Count);
        }
    }
}
