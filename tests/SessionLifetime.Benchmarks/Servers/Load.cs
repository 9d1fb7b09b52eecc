using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace SessionLifetime.Benchmarks.Servers;

/// <summary>
/// Sends one request again and again over a few connections, as fast as the server answers: by <c>wrk</c> where it is installed, by a small
/// client of our own elsewhere.
/// </summary>
internal static partial class Load
{
    private const int Connections = 16;

    private static readonly bool s_hasWrk = Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(static folder => File.Exists(Path.Combine(folder, "wrk")));

    public static string Client => s_hasWrk ? "wrk" : "own client";

    /// <summary>How many requests were answered with 200. Any other answer is an exception: it would be measured without its work.</summary>
    public static async Task<long> RunAsync(ServerProcess server, string method, string path, TimeSpan duration) =>
        s_hasWrk ? await WrkAsync(server, method, path, duration) : await OwnAsync(server, method, path, duration);

    private static async Task<long> WrkAsync(ServerProcess server, string method, string path, TimeSpan duration)
    {
        var start = new ProcessStartInfo("wrk") { RedirectStandardOutput = true, UseShellExecute = false };
        string[] arguments = ["-t1", $"-c{Connections}", $"-d{duration.TotalSeconds:0}s"];
        foreach (var argument in arguments.Concat(server.Headers.SelectMany(static header => new[] { "-H", header })))
        {
            start.ArgumentList.Add(argument);
        }

        var script = "";
        if (method != "GET")
        {
            script = Path.GetTempFileName();
            await File.WriteAllTextAsync(script, $"wrk.method = \"{method}\"\n");
            start.ArgumentList.Add("-s");
            start.ArgumentList.Add(script);
        }

        start.ArgumentList.Add($"http://127.0.0.1:{server.Port}{path}");
        using var process = Process.Start(start)!;
        var report = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (script.Length > 0)
        {
            File.Delete(script);
        }

        if (report.Contains("Non-2xx", StringComparison.Ordinal) || report.Contains("Socket errors", StringComparison.Ordinal))
        {
            throw new InvalidOperationException(report);
        }

        return long.Parse(Requests().Match(report).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private static async Task<long> OwnAsync(ServerProcess server, string method, string path, TimeSpan duration)
    {
        var length = method == "GET" ? "" : "Content-Length: 0\r\n";
        var headers = string.Concat(server.Headers.Select(static header => header + "\r\n"));
        var request = Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.Port}\r\n{length}{headers}\r\n");
        using var stop = new CancellationTokenSource(duration);
        return (await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => RepeatAsync(server.Port, request, stop.Token)))).Sum();
    }

    private static async Task<long> RepeatAsync(int port, byte[] request, CancellationToken stop)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync("127.0.0.1", port, CancellationToken.None);
        var buffer = new byte[4096];
        await socket.SendAsync(request);
        var expected = await socket.ReceiveAsync(buffer);
        if (!Encoding.ASCII.GetString(buffer, 0, expected).StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
        {
            throw new InvalidOperationException(Encoding.ASCII.GetString(buffer, 0, expected));
        }

        // Every answer is as long as the first.
        long answers = 1;
        while (!stop.IsCancellationRequested)
        {
            await socket.SendAsync(request);
            for (var received = 0; received < expected;)
            {
                received += await socket.ReceiveAsync(buffer.AsMemory(received), CancellationToken.None);
            }

            answers++;
        }

        return answers;
    }

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex Requests();
}
