using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace SessionLifetime.Browser.Tests;

/// <summary>A sample as a newcomer runs it: a process of its own, with timeouts of seconds.</summary>
public sealed partial class SampleProcess : IAsyncDisposable
{
    private const string Listening = "Now listening on: ";

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();

    private SampleProcess(string name, TimeSpan timeout, TimeSpan countdown, bool logsAll, IReadOnlyDictionary<string, string>? settings)
    {
        // From its own output, where its static assets are listed.
        var output = Path.GetRelativePath(Path.Combine(RepositoryFiles.Root, "tests", "SessionLifetime.Browser.Tests"), AppContext.BaseDirectory);
        var own = Path.Combine(RepositoryFiles.Root, "samples", name, output, name + ".dll");
        var start = new ProcessStartInfo("dotnet", [File.Exists(own) ? own : Path.Combine(AppContext.BaseDirectory, name + ".dll"), "--urls", "http://127.0.0.1:0"])
        {
            WorkingDirectory = Path.Combine(RepositoryFiles.Root, "samples", name),
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        start.Environment["SessionLifetime__SessionTimeout"] = timeout.ToString();
        start.Environment["SessionLifetime__CountdownDuration"] = countdown.ToString();
        start.Environment["SessionLifetime__UnloadGrace"] = "00:00:01";
        start.Environment["SessionLifetime__SelfDestructOnUnload"] = "00:00:02";
        start.Environment["Logging__LogLevel__Microsoft.Hosting.Lifetime"] = "Information";
        if (logsAll)
        {
            start.Environment["Logging__LogLevel__Default"] = start.Environment["Logging__LogLevel__Microsoft.AspNetCore"] = "Trace";
            start.Environment["Logging__Console__FormatterName"] = "json";
            start.Environment["Logging__Console__FormatterOptions__IncludeScopes"] = "true";
        }

        foreach (var (key, value) in settings ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => _output.Enqueue(line.Data ?? "");
    }

    public string Url { get; private set; } = "";

    /// <summary>What it has written.</summary>
    public IReadOnlyCollection<string> Output => _output;

    public static async Task<SampleProcess> StartAsync(
        double timeout = 60,
        double countdown = 60,
        string name = "Quickstart",
        bool logsAll = false,
        IReadOnlyDictionary<string, string>? settings = null)
    {
        var sample = new SampleProcess(name, TimeSpan.FromSeconds(timeout), TimeSpan.FromSeconds(countdown), logsAll, settings);
        sample._process.BeginOutputReadLine();
        await Eventually.BecomesTrueAsync(
            () => sample._output.Any(static line => line.Contains(Listening, StringComparison.Ordinal)) || sample._process.HasExited,
            () => name + " to start",
            TimeSpan.FromSeconds(60));
        var listening = sample._output.FirstOrDefault(static line => line.Contains(Listening, StringComparison.Ordinal))
            ?? throw new InvalidOperationException(name + " did not start.");
        sample.Url = Address().Match(listening).Value;
        return sample;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+", RegexOptions.ExplicitCapture)]
    private static partial Regex Address();
}
