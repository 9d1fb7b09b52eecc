using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Cluster;

/// <summary>A node in a process of its own, which can be killed and is started anew.</summary>
internal sealed class NodeProcess(string name, string store, string connection, EventLog log) : IDisposable
{
    private readonly Lock _lock = new();
    private Process? _process;

    public string Name => name;

    /// <summary>Where it listens: a free port, kept over its restarts.</summary>
    public string Url { get; } = $"http://127.0.0.1:{FreePort()}";

    public bool IsRunning
    {
        get
        {
            lock (_lock)
            {
                return _process is { HasExited: false };
            }
        }
    }

    public void Start()
    {
        lock (_lock)
        {
            var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, UseShellExecute = false };
            if (string.Equals(Path.GetFileNameWithoutExtension(Environment.ProcessPath), "dotnet", StringComparison.Ordinal))
            {
                start.ArgumentList.Add(typeof(NodeProcess).Assembly.Location);
            }

            ReadOnlySpan<string> arguments = ["--node", name, "--url", Url, "--store", store, "--connection", connection];
            foreach (var argument in arguments)
            {
                start.ArgumentList.Add(argument);
            }

            _process = Process.Start(start)!;
            _process.OutputDataReceived += (_, line) =>
            {
                if (line.Data?.StartsWith("event ", StringComparison.Ordinal) == true)
                {
                    log.Add(line.Data[6..]);
                }
            };
            _process.BeginOutputReadLine();
        }
    }

    /// <summary>As a crash does: it signs off nowhere.</summary>
    public void Kill()
    {
        lock (_lock)
        {
            _process?.Kill(entireProcessTree: true);
        }
    }

    public void Dispose()
    {
        Kill();
        _process?.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
