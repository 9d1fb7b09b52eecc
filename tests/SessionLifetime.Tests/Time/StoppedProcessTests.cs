using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace SessionLifetime.Tests.Time;

/// <summary>A real process that is stopped and continued, as a suspended container is.</summary>
public sealed partial class StoppedProcessTests
{
    private const string Listening = "Now listening on: ";

    [Fact]
    public async Task A_process_that_was_stopped_ends_no_session_whose_page_went_on_signalling()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SIGSTOP is sent by kill.");
        using var server = Start(out var output);
        try
        {
            await WaitAsync(() => output.Any(static line => line.Contains(Listening, StringComparison.Ordinal)));
            using var client = new HttpClient { BaseAddress = new(Address().Match(output.First(static line => line.Contains(Listening, StringComparison.Ordinal))).Value) };
            using var attached = await PostAsync(client, "attach", """{"page":"page"}""", id: null);
            Assert.Equal(HttpStatusCode.Created, attached.StatusCode);
            using var answer = JsonDocument.Parse(await attached.Content.ReadAsStringAsync());
            var id = answer.RootElement.GetProperty("id").GetString();

            // T + C = S = 4 s, and nobody can be heard for 8 s; what comes meanwhile waits in the server's socket.
            await SignalAsync(server, "STOP");
            var waiting = Enumerable.Range(0, 3).Select(_ => PostAsync(client, "ping", "{}", id)).ToList();
            await Task.Delay(TimeSpan.FromSeconds(8));
            await SignalAsync(server, "CONT");

            foreach (var ping in waiting)
            {
                using var heard = await ping;
                Assert.Equal(HttpStatusCode.OK, heard.StatusCode);
            }

            await WaitAsync(() => output.Any(static line => line.Contains("The process did not run for", StringComparison.Ordinal)));
        }
        finally
        {
            server.Kill(entireProcessTree: true);
            await server.WaitForExitAsync();
        }
    }

    private static Process Start(out ConcurrentQueue<string> output)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Quickstart.dll"), "--urls", "http://127.0.0.1:0"])
        {
            WorkingDirectory = AppContext.BaseDirectory,
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        start.Environment["SessionLifetime__SessionTimeout"] = "00:00:02";
        start.Environment["SessionLifetime__CountdownDuration"] = "00:00:02";
        start.Environment["SessionLifetime__SignalTimeout"] = "00:00:04";
        start.Environment["SessionLifetime__SweepInterval"] = "00:00:00.2";
        start.Environment["SessionLifetime__BrowserBinding"] = "Off";
        start.Environment["Logging__LogLevel__Microsoft.Hosting.Lifetime"] = "Information";
        start.Environment["Logging__LogLevel__SessionLifetime"] = "Information";
        var process = Process.Start(start)!;
        var lines = output = new();
        process.OutputDataReceived += (_, line) => lines.Enqueue(line.Data ?? "");
        process.BeginOutputReadLine();
        return process;
    }

    private static async Task SignalAsync(Process process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    private static async Task<HttpResponseMessage> PostAsync(HttpClient client, string call, string body, string? id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/_session/" + call) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (id is not null)
        {
            request.Headers.Add("X-Session-Id", id);
        }

        return await client.SendAsync(request);
    }

    private static async Task WaitAsync(Func<bool> condition)
    {
        for (var tries = 0; !condition() && tries < 3_000; tries++)
        {
            await Task.Delay(20);
        }

        Assert.True(condition());
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+", RegexOptions.ExplicitCapture)]
    private static partial Regex Address();
}
