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
    private const string DidNotRun = "The process did not run for";

    [Fact]
    public async Task A_process_that_was_stopped_ends_no_session_whose_page_went_on_signalling()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SIGSTOP is sent by kill.");
        await using var server = Server.Start();
        using var client = await server.ConnectAsync();
        using var attached = await PostAsync(client, "attach", """{"page":"page"}""", id: null);
        Assert.Equal(HttpStatusCode.Created, attached.StatusCode);
        using var answer = JsonDocument.Parse(await attached.Content.ReadAsStringAsync());
        var id = answer.RootElement.GetProperty("id").GetString();

        // T + C = S = 4 s, and nobody can be heard for 8 s; what comes meanwhile waits in the server's socket.
        await server.SignalAsync("STOP");
        var waiting = Enumerable.Range(0, 3).Select(_ => PostAsync(client, "ping", "{}", id)).ToList();
        await Task.Delay(TimeSpan.FromSeconds(8));
        await server.SignalAsync("CONT");

        foreach (var ping in waiting)
        {
            using var heard = await ping;
            Assert.Equal(HttpStatusCode.OK, heard.StatusCode);
        }

        await server.SaysAsync(DidNotRun);
    }

    [Fact]
    public async Task A_handler_that_was_in_flight_while_the_process_was_stopped_is_not_late()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "SIGSTOP is sent by kill.");
        var folder = Directory.CreateTempSubdirectory("sessionlifetime-held-");
        try
        {
            var released = Path.Combine(folder.FullName, "released");
            await using var server = Server.Start(new()
            {
                [HeldHandler.Variable] = released,
                ["ASPNETCORE_HOSTINGSTARTUPASSEMBLIES"] = typeof(HeldHandler).Assembly.GetName().Name,
                ["SessionLifetime__HandlerTimeout"] = "00:00:12",
            });
            using var client = await server.ConnectAsync();

            // The answer waits for the handler.
            var attaching = PostAsync(client, "attach", """{"page":"page"}""", id: null);
            await server.SaysAsync(HeldHandler.Entered);

            await server.SignalAsync("STOP");
            await Task.Delay(TimeSpan.FromSeconds(14));
            await server.SignalAsync("CONT");

            // What the stop made due has fired by then; the handler goes on, and completes in its time.
            await server.SaysAsync(DidNotRun);
            Assert.False(attaching.IsCompleted);
            await File.WriteAllTextAsync(released, "");
            await server.SaysAsync(HeldHandler.Left);
            using var attached = await attaching;

            Assert.Equal(HttpStatusCode.Created, attached.StatusCode);
            Assert.DoesNotContain(server.Output, static line => line.Contains("was abandoned", StringComparison.Ordinal));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
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

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+", RegexOptions.ExplicitCapture)]
    private static partial Regex Address();

    /// <summary>The first sample in a process of its own.</summary>
    private sealed class Server : IAsyncDisposable
    {
        private readonly Process _process;

        private Server(ProcessStartInfo start)
        {
            _process = Process.Start(start)!;
            _process.OutputDataReceived += (_, line) => Output.Enqueue(line.Data ?? "");
            _process.BeginOutputReadLine();
        }

        public ConcurrentQueue<string> Output { get; } = new();

        public static Server Start(Dictionary<string, string?>? environment = null)
        {
            // With the assemblies of the tests, of which it may be asked to take one.
            var start = new ProcessStartInfo(
                "dotnet",
                ["exec", "--depsfile", "SessionLifetime.Tests.deps.json", "--runtimeconfig", "Quickstart.runtimeconfig.json", "Quickstart.dll", "--urls", "http://127.0.0.1:0"])
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
            foreach (var (name, value) in environment ?? [])
            {
                start.Environment[name] = value;
            }

            return new(start);
        }

        /// <summary>A client, when it listens.</summary>
        public async Task<HttpClient> ConnectAsync() => new() { BaseAddress = new(Address().Match(await SaysAsync(Listening)).Value) };

        /// <summary>Waits for a line of its output.</summary>
        public async Task<string> SaysAsync(string text)
        {
            string? said = null;
            for (var tries = 0; (said = Output.FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal))) is null && tries < 3_000; tries++)
            {
                await Task.Delay(20);
            }

            Assert.True(said is not null, $"It does not say \"{text}\": {string.Join('\n', Output)}");
            return said;
        }

        public async Task SignalAsync(string signal)
        {
            using var kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync();
            Assert.Equal(0, kill.ExitCode);
        }

        public async ValueTask DisposeAsync()
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
    }
}
