using System.Diagnostics;

namespace SessionLifetime.Browser.Tests;

/// <summary>A sample as a newcomer runs it: a process of its own, with timeouts of seconds.</summary>
public sealed class SampleProcess : IAsyncDisposable
{
    private const string Listening = "Now listening on: ";

    private readonly Process _process;

    private SampleProcess(string name, TimeSpan timeout, TimeSpan countdown, IReadOnlyDictionary<string, string>? settings)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, name + ".dll"), "--urls", "http://127.0.0.1:0"])
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
        foreach (var (key, value) in settings ?? new Dictionary<string, string>())
        {
            start.Environment[key] = value;
        }

        _process = Process.Start(start)!;
    }

    public string Url { get; private set; } = "";

    public static async Task<SampleProcess> StartAsync(
        double timeout = 60, double countdown = 60, string name = "Quickstart", IReadOnlyDictionary<string, string>? settings = null)
    {
        var sample = new SampleProcess(name, TimeSpan.FromSeconds(timeout), TimeSpan.FromSeconds(countdown), settings);
        while (await sample._process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Contains(Listening, StringComparison.Ordinal))
            {
                sample.Url = line[(line.IndexOf(Listening, StringComparison.Ordinal) + Listening.Length)..].Trim();
                _ = sample._process.StandardOutput.ReadToEndAsync();
                return sample;
            }
        }

        throw new InvalidOperationException(name + " did not start.");
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
