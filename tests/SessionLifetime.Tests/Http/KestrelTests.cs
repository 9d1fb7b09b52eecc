using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Engine;

namespace SessionLifetime.Tests.Http;

/// <summary>What only a real server can be sent.</summary>
public sealed class KestrelTests
{
    private const string Unissued = "AAAAAAAAAAAAAAAAAAAAAA";

    [Fact]
    public async Task A_session_lives_and_ends_on_a_real_server()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();

        (await app.StatusAsync(id)).Is(HttpStatusCode.OK);
        (await app.PingAsync(id, """{"idleMs":5}""")).Is(HttpStatusCode.OK);
        (await app.ActivityAsync(id)).Is(HttpStatusCode.OK);
        (await app.CallAsync(HttpMethod.Get, "/stretch", id)).Is(HttpStatusCode.OK);
        (await app.DetachByBeaconAsync(id)).Is(HttpStatusCode.NoContent);
        (await app.ExitAsync(id)).Is(HttpStatusCode.NoContent);
        (await app.PingAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded");
        Assert.Empty((await app.CallAsync(HttpMethod.Head, "", id)).Is(HttpStatusCode.MethodNotAllowed).Text);
    }

    [Theory]
    [InlineData("X-Session-Id: " + Unissued + "\r\nX-Session-Id: " + Unissued + "\r\n", 404)]
    [InlineData("X-Session-Id: " + Unissued + "," + Unissued + "\r\n", 404)]
    [InlineData("X-Session-Id: \u00c3\u00a4\u00c3\u00a4\r\n", 404)]
    [InlineData("X-Session-Id: \u00ff\u00fe\r\n", 400)]
    [InlineData("X-Session-Id: a\u0000b\r\n", 400)]
    [InlineData("X-Session-Id: a\rX-Injected: b\r\n", 400)]
    [InlineData("X-Session-Id: a\r\n b\r\n", 400)]
    [InlineData("X-Session-Id : a\r\n", 400)]
    [InlineData("x-session-id:a\r\n", 404)]
    [InlineData("X-Session-Id:\r\n", 404)]
    [InlineData("X-Session-Id:   \t  \r\n", 404)]
    [InlineData("", 428)]
    public async Task Header_lines_are_answered_for_what_they_are(string lines, int status)
    {
        await using var app = await StartAsync();

        var answer = await app.SendRawAsync($"GET /_session HTTP/1.1\r\nHost: a\r\n{lines}Connection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 " + status.ToString(CultureInfo.InvariantCulture), answer, StringComparison.Ordinal);
        Assert.DoesNotContain("X-Injected", answer, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_living_id_in_two_headers_is_unknown()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();

        var answer = await app.SendRawAsync($"GET /_session HTTP/1.1\r\nHost: a\r\nX-Session-Id: {id}\r\nX-Session-Id: {id}\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 404", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ten_kilobytes_of_id_are_unknown()
    {
        await using var app = await StartAsync();

        (await app.StatusAsync(new string('A', 10 * 1024))).IsProblem(HttpStatusCode.NotFound, "sessionUnknown");
    }

    [Theory]
    [InlineData("Content-Length: 5\r\n\r\n{", true, 400)]
    [InlineData("Content-Length: -1\r\n\r\n", false, 400)]
    [InlineData("Content-Length: abc\r\n\r\n{}", false, 400)]
    [InlineData("Content-Length: 99999999999999999999\r\n\r\n{}", false, 400)]
    [InlineData("Content-Length: 1000000000000\r\n\r\n{}", false, 413)]
    [InlineData("Content-Length: 5000\r\nExpect: 100-continue\r\n\r\n", true, 413)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", false, 400)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n", false, 400)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nffffffffffff\r\n{}", false, 400)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n2\r\n{", true, 400)]
    [InlineData("Transfer-Encoding: gzip\r\n\r\n{}", false, 400)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", false, 404)]
    public async Task Bodies_framed_wrongly_are_a_clients_fault(string rest, bool closes, int status)
    {
        await using var app = await StartAsync();
        foreach (var call in new[] { "attach", "ping", "detach" })
        {
            var answer = await app.SendRawAsync(
                $"POST /_session/{call} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Session-Id: {Unissued}\r\nContent-Type: application/json\r\n{rest}",
                closes);

            // A ping is refused for its id before its body matters, an attach needs a page, and a detach is always answered 204.
            int[] expected = call switch
            {
                "ping" => [status, 404],
                "attach" => [status, 400],
                _ => [status, 204],
            };
            if (closes && answer.Length == 0)
            {
                // The server need not answer who hung up.
                continue;
            }

            Assert.Contains(expected, one => answer.StartsWith("HTTP/1.1 " + one.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
        }

        (await app.AttachAsync()).Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_megabyte_in_chunks_is_too_large_and_not_read()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        var chunks = string.Concat(Enumerable.Repeat("400\r\n" + new string(' ', 0x400) + "\r\n", 1024));

        var answer = await app.SendRawAsync(
            $"POST /_session/ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Session-Id: {id}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 413", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_limit_of_the_server_itself_is_answered_as_one()
    {
        await using var app = await StartAsync(limits => limits.MaxRequestBodySize = 100);
        var id = await app.StartSessionAsync();

        (await app.PingAsync(id, """{"x":"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"}"""))
            .Is(HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task A_body_that_drips_is_given_up()
    {
        // Real time: the server's own clock measures the rate. It looks once a second.
        await using var app = await StartAsync(limits => limits.MinRequestBodyDataRate = new(1_000_000, TimeSpan.FromSeconds(1.1)));
        var id = await app.StartSessionAsync();
        foreach (var call in new[] { "ping", "detach" })
        {
            var answer = await app.SendRawAsync(
                $"POST /_session/{call} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Session-Id: {id}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{");

            Assert.StartsWith(call == "ping" ? "HTTP/1.1 408" : "HTTP/1.1 204", answer, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Clients_that_vanish_in_the_middle_disturb_nobody()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        foreach (var call in new[] { "attach", "ping", "activity", "detach", "exit" })
        {
            for (var i = 0; i < 10; i++)
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, app.Address.Port);
                await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                    $"POST /_session/{call} HTTP/1.1\r\nHost: a\r\nX-Session-Id: {(call == "exit" ? Unissued : id)}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"pa"));

                // A reset instead of a close, every other time.
                client.LingerState = new LingerOption(enable: i % 2 == 0, 0);
            }
        }

        await SessionApp.EventuallyAsync(() => app.Log.Lines.Count(line => line.Id.Name == "ConnectionStop") >= 50);
        (await app.StatusAsync(id)).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_client_that_vanishes_lets_go_of_the_clocks()
    {
        var gate = new Gate();
        await using var app = await StartAsync(map: web => web.MapGet("/slow", async (CancellationToken aborted) => await gate.PassAsync(aborted)));
        var id = await app.StartSessionAsync();
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(IPAddress.Loopback, app.Address.Port);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET /slow HTTP/1.1\r\nHost: a\r\nX-Session-Id: {id}\r\n\r\n"));
            await gate.Entered;
        }

        await gate.Left;
        await SessionApp.EventuallyAsync(() => app.Log.Lines.Any(line => line.Id.Name == "ConnectionStop"));
        app.Time.Advance(TimeSpan.FromMinutes(20));

        Assert.Equal("timedOut", (await app.StatusAsync(id)).String("state"));
    }

    [Fact]
    public async Task Many_clients_at_once_get_sessions_of_their_own()
    {
        await using var app = await StartAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(async n =>
        {
            var id = await app.StartSessionAsync("page-" + n);
            await app.PingAsync(id);
            return await app.StatusAsync(id);
        }));

        Assert.Equal(100, answers.Select(answer => answer.String("session")).Distinct().Count());
        Assert.Equal(100, app.Sessions.Count);
    }

    [Fact]
    public async Task Timeouts_of_a_second_work_on_the_systems_own_clock()
    {
        // Real time, and a real sweep: nobody looks at the session while it ends.
        await using var app = await StartAsync(services: static services => services.AddSingleton(TimeProvider.System).AddHostedService<SessionSweepService>(), options: static options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(0.5);
            options.SweepInterval = TimeSpan.FromSeconds(0.1);
        });
        var id = await app.StartSessionAsync();

        await app.ExpectEventsAsync("SessionStarted", "SessionTimeout 1", "ApplicationExit SignalLost");

        Assert.Equal("SignalLost", (await app.StatusAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
    }

    private static Task<SessionApp> StartAsync(
        Action<KestrelServerLimits>? limits = null,
        Action<WebApplication>? map = null,
        Action<IServiceCollection>? services = null,
        Action<SessionLifetimeOptions>? options = null) => SessionApp.StartRecordingAsync(setup =>
    {
        setup.Kestrel = true;
        setup.Options = options ?? (static _ => { });
        setup.Services = builder =>
        {
            services?.Invoke(builder.Services);
            builder.WebHost.ConfigureKestrel(server => limits?.Invoke(server.Limits));
        };
        setup.Map = map ?? (static _ => { });
    });
}
