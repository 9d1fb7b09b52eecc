using System.Net;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Primitives;
using SessionLifetime.Ids;
using SessionLifetime.Tests.Http;

namespace SessionLifetime.Tests.Fuzz;

/// <summary>
/// Requests of every kind to the whole app: each is given an answer of the protocol, nothing is logged as an error, and the session of
/// somebody else, whose id the attacker knows, stays as it was.
/// </summary>
public sealed class PipelineFuzzTests
{
    private const string CookieName = "SessionLifetime.Browser";
    private const string User = "ada";

    private static readonly int[] s_answers = [200, 201, 204, 400, 403, 404, 405, 410, 413, 415, 428, 503];

    private sealed record Case(string Method, string Path, (string Name, string[] Values)[] Headers, byte[] Body, string? User);

    [Fact]
    public async Task Every_request_has_an_answer_of_the_protocol_and_harms_nobody()
    {
        await using var app = await SessionApp.StartAsync(static setup =>
        {
            setup.Options = static options => options.MaxSessions = 100;
            setup.Before = static web =>
            {
                // Everybody is trusted to say where they come from.
                var forwarded = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.All, ForwardLimit = null };
                forwarded.KnownProxies.Clear();
                forwarded.KnownIPNetworks.Clear();
                web.UseForwardedHeaders(forwarded);
                OwnershipRaceTests.SignIn(web);
                web.UseRouting();
            };
            setup.Map = static web =>
            {
                web.MapGet("/app", static (HttpContext context) => context.GetTabSession()?.Id ?? "none");
                web.MapGet("/required", static (HttpContext context) => context.GetTabSession()!.Id).RequireTabSession();
                web.MapGet("/alive", static () => "alive").WithSessionSignal(SessionSignal.Alive);
                web.MapPost("/rotate", static async (HttpContext context) => await (context.GetTabSession()?.RotateIdAsync() ?? Task.CompletedTask));
            };
        });
        var key = BrowserKey.Create();
        var witness = await app.AttachAsync(with: Own);
        var session = (await app.Sessions.FindAsync(witness.String("session")!))!;
        (await app.PingAsync(witness.Id, with: Own)).Is(HttpStatusCode.OK);
        var ids = new List<string> { witness.Id! };
        for (var n = 0; n < 5; n++)
        {
            ids.Add(await app.StartSessionAsync("page-" + n));
        }

        (await app.ExitAsync(ids[^1])).Is(HttpStatusCode.NoContent);
        var (activity, signal) = (session.LastActivity, session.LastSignal);
        var statuses = new Dictionary<int, int>();
        var played = 0;
        foreach (var one in FuzzRun.Cases(12_000, Cases(ids)))
        {
            if (++played % 500 == 0)
            {
                // Never so long that anything is due.
                app.Time.Advance(TimeSpan.FromMilliseconds(10));
            }

            var context = await app.App.GetTestServer().SendAsync(context => Write(one, context));
            var answer = await ReadAsync(context);
            statuses[answer.Status] = statuses.GetValueOrDefault(answer.Status) + 1;

            var told = $"{FuzzRun.Seed}, case {played}: {Describe(one)}{Environment.NewLine}was answered {answer.Status} {answer.Text}";
            Assert.True(s_answers.Contains(answer.Status), told);
            Assert.True(answer.Status is not (403 or 410) || context.Response.Headers["X-Session-State"].Count == 1, told);
            Assert.True(answer.Status < 400 || answer.Text.Length == 0 || JsonDocument.Parse(answer.Text).RootElement.GetProperty("status").GetInt32() == answer.Status, told);
            Assert.True(session.State == SessionState.Active, told);
            Assert.True(session.User == User && session.BrowserId == key.ToId().ToString(), told);
            Assert.True(session.LastActivity == activity && session.LastSignal == signal && session.OpenPages == 1, told);
            Assert.True(!answer.Text.Contains(session.Id, StringComparison.Ordinal), told);
            Assert.True(!app.Log.Errors.Any(), told + string.Join('\n', app.Log.Errors));
            app.Log.Lines.Clear();
        }

        // It was an attack on everything, and the owner notices nothing.
        Assert.All([200, 201, 204, 400, 403, 404, 405, 410, 413, 415, 428, 503], status => Assert.True(statuses.GetValueOrDefault(status) > 5, string.Join(", ", statuses)));
        (await app.StatusAsync(witness.Id, Own)).Is(HttpStatusCode.OK);
        (await app.PingAsync(witness.Id, with: Own)).Is(HttpStatusCode.OK);

        void Own(HttpRequestMessage request)
        {
            request.Headers.Add("Cookie", $"{CookieName}={key.Reveal()}");
            request.Headers.Add("X-Test-User", User);
        }
    }

    private static Gen<Case> Cases(List<string> ids)
    {
        var key = Texts.WordCharacter.ArrayOf(21).Select(static characters => new string(characters) + "A");
        var id = Gen.Frequency((3, Gen.Constant(ids[0])), (3, Gen.Elements(ids.ToArray())), (2, Texts.Around(Gen.Elements(ids.ToArray()))), (1, key), (1, Texts.Huge));
        var listed = from one in id from other in id from separator in Gen.Elements(",", ", ", ";", " ") select one + separator + other;
        var path = Gen.Frequency(
            (12, Gen.Elements("/_session", "/_session/attach", "/_session/attach", "/_session/attach", "/_session/ping", "/_session/activity", "/_session/detach", "/_session/exit", "/_session/stretch")),
            (4, Gen.Elements("/app", "/required", "/alive", "/rotate")),
            (1, Texts.Changed(Gen.Constant("/_session/ping")).Select(static text => "/" + text.TrimStart('/'))));
        var method = Gen.Frequency((5, Gen.Constant("POST")), (3, Gen.Constant("GET")), (1, Gen.Elements("PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "BREW", "post")));
        var header = Gen.Frequency(
            (3, from value in key.SelectMany(static text => Texts.Around(Gen.Constant(text))) select ("Cookie", new[] { CookieName + "=" + value })),
            (1, from value in Texts.Around(Gen.Constant("a=b; " + CookieName + "=AAAAAAAAAAAAAAAAAAAAAA; c=d")) select ("Cookie", new[] { value })),
            (3, from value in Texts.Around(Gen.Elements("page", "page-1", "tab")) select (SessionApp.PageHeader, new[] { value })),
            (1, from value in Texts.Around(Gen.Elements("http://localhost", "https://evil.example", "null")) select ("Origin", new[] { value })),
            (1, from value in Texts.Around(Gen.Elements("same-origin", "cross-site", "none")) select ("Sec-Fetch-Site", new[] { value })),
            (1, from value in Texts.Around(Gen.Elements("navigate", "cors")) select ("Sec-Fetch-Mode", new[] { value })),
            (1, from value in Gen.Frequency((3, Texts.Around(Gen.Constant("prefetch;prerender"))), (1, Gen.Constant("prefetch"))) select ("Sec-Purpose", new[] { value })),
            (1, from value in Texts.Around(Gen.Constant("1.2.3.4, [::1]:80")) select ("X-Forwarded-For", new[] { value })),
            (1, from value in Texts.Around(Gen.Elements("https", "http, https")) select ("X-Forwarded-Proto", new[] { value })),
            (1, from value in Gen.Elements("evil.example", "localhost:80", "[::1]", "a.b:0") select ("X-Forwarded-Host", new[] { value })), // The framework's own middleware throws at what is no host.
            (1, from value in Texts.Around(Gen.Elements("/base", "/_session")) select ("X-Forwarded-Prefix", new[] { value })));
        var idHeader = Gen.Frequency(
            (2, Gen.Constant(Array.Empty<string>())),
            (8, id.Select(static text => new[] { text })),
            (1, listed.Select(static text => new[] { text })),
            (1, id.ArrayOf(2)));
        var contentType = Gen.Frequency((6, Gen.Constant("application/json")), (1, Texts.Around(Gen.Constant("application/json; charset=utf-8"))), (1, Gen.Elements("text/plain", "", "multipart/form-data")));
        var field = Gen.Frequency(
            (4, Gen.Constant("\"page\":\"page\"")),
            (2, Gen.Elements("\"idleMs\":5", "\"idleMs\":-1", "\"idleMs\":1e400", "\"stretch\":true", "\"tab\":\"tab\"", "\"shared\":true", "\"persisted\":true", "\"tab\":5")),
            (2, id.Select(static text => "\"id\":" + JsonSerializer.Serialize(text))));
        var json = from fields in field.ArrayOf() select "{" + string.Join(',', fields.Take(5).Prepend("\"page\":\"p\"")) + "}";
        var body = Gen.Frequency((8, json.Select(Encoding.UTF8.GetBytes)), (3, Texts.Changed(json).Select(Encoding.UTF8.GetBytes)), (2, Gen.Constant(Array.Empty<byte>())), (1, Texts.Huge.Select(Encoding.UTF8.GetBytes)));
        var cases =
            from verb in method
            from place in path
            from idValues in idHeader
            from count in Gen.Choose(0, 4)
            from headers in header.ArrayOf(count)
            from type in contentType
            from bytes in body
            from user in Gen.Frequency((6, Gen.Constant("")), (2, Gen.Elements("bob", "mallory", User)), (1, Texts.Anything))
            select new Case(
                verb,
                place,
                [.. headers, .. idValues.Length > 0 ? [(SessionApp.IdHeader, idValues)] : Array.Empty<(string, string[])>(), .. type.Length > 0 ? [("Content-Type", [type])] : Array.Empty<(string, string[])>()],
                bytes,
                user);
        return cases;
    }

    private static void Write(Case one, HttpContext context)
    {
        context.Request.Method = one.Method;
        context.Request.Path = new PathString(one.Path);
        foreach (var (name, values) in one.Headers)
        {
            context.Request.Headers[name] = new StringValues(values);
        }

        if (!string.IsNullOrEmpty(one.User))
        {
            context.Request.Headers["X-Test-User"] = one.User;
        }

        context.Request.Body = new MemoryStream(one.Body);
        context.Request.ContentLength = one.Body.Length;
    }

    private static async Task<(int Status, string Text)> ReadAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Response.Body);
        return (context.Response.StatusCode, await reader.ReadToEndAsync());
    }

    private static string Describe(Case one) =>
        $"{one.Method} {one.Path} {string.Join("; ", one.Headers.Select(static header => header.Name + "=" + string.Join('|', header.Values)))} user={one.User} body={Convert.ToHexString(one.Body.AsSpan(0, Math.Min(200, one.Body.Length)))}";
}
