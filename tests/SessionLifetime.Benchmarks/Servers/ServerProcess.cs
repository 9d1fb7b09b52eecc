using System.Diagnostics;
using System.Globalization;

namespace SessionLifetime.Benchmarks.Servers;

/// <summary>A server that runs in a process of its own until it is disposed.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process) => _process = process;

    public int Port { get; private init; }

    /// <summary>What a request sends to be one with a session.</summary>
    public string[] Headers { get; private init; } = [];

    /// <summary>How long it took from the first line of the program to a server that listens.</summary>
    public double StartMilliseconds { get; private init; }

    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>This program once more, told to do something else.</summary>
    public static ProcessStartInfo OfThisProgram(params string[] arguments)
    {
        var isHosted = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet";
        return new(Environment.ProcessPath!, isHosted ? [typeof(ServerProcess).Assembly.Location, .. arguments] : arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
    }

    public static ServerProcess Start(ServerKind kind)
    {
        var process = Process.Start(OfThisProgram("serve", kind.ToString()))!;
        return new(process)
        {
            Port = int.Parse(Line(process), CultureInfo.InvariantCulture),
            Headers = Line(process).Split('\t', StringSplitOptions.RemoveEmptyEntries),
            StartMilliseconds = double.Parse(Line(process), CultureInfo.InvariantCulture),
        };
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5000))
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static string Line(Process process) =>
        process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The server did not start.");
}
