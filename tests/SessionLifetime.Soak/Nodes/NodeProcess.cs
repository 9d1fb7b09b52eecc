using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace SessionLifetime.Soak.Nodes;

/// <summary>A place for a node: a process at an address, which is killed, made to stand still, or stopped politely, and started anew.</summary>
/// <param name="number">Which place.</param>
/// <param name="folder">Where the files of its runs go.</param>
internal sealed class NodeProcess(int number, DirectoryInfo folder) : IAsyncDisposable
{
    private Process? _process;
    private int _runs;

    /// <summary>Where it listens: the same for all its runs.</summary>
    public string Url { get; } = $"http://127.0.0.1:{FreePort()}";

    /// <summary>The name of the present run, or the last one.</summary>
    public string Name => $"n{number}.{_runs}";

    public bool IsRunning => _process is { HasExited: false };

    public int Id => _process!.Id;

    /// <summary>Whether it stands still.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>Starts a new run.</summary>
    public void Start(NodeSettings settings)
    {
        _runs++;
        settings.Name = Name;
        settings.Url = Url;
        settings.Events = Path.Combine(folder.FullName, $"{Name}.events");

        // The shell is replaced by the node, so that its id is the node's, and what the node logs is in a file whatever happens.
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"exec \"$0\" \"$@\" >'{Path.Combine(folder.FullName, Name)}.log' 2>&1");
        start.ArgumentList.Add(Environment.ProcessPath!);
        if (string.Equals(Path.GetFileNameWithoutExtension(Environment.ProcessPath), "dotnet", StringComparison.Ordinal))
        {
            start.ArgumentList.Add(typeof(NodeProcess).Assembly.Location);
        }

        Array.ForEach(settings.ToArguments(), start.ArgumentList.Add);
        start.Environment["DOTNET_gcServer"] = "0";
        _process = Process.Start(start);
    }

    /// <summary>Waits until it answers.</summary>
    public async Task WaitUntilReadyAsync(HttpClient client)
    {
        while (IsRunning)
        {
            try
            {
                using var answer = await client.GetAsync($"{Url}/ready");
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(50);
            }
        }

        throw new InvalidOperationException($"{Name} ended: {await File.ReadAllTextAsync(Path.Combine(folder.FullName, Name + ".log"))}");
    }

    /// <summary>As a crash does.</summary>
    public async Task KillAsync()
    {
        IsPaused = false;
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Asks it to stop, and waits until it has.</summary>
    public async Task StopAsync()
    {
        await SendAsync("-TERM");
        await _process!.WaitForExitAsync();
    }

    /// <summary>Makes it stand still.</summary>
    public async Task PauseAsync()
    {
        IsPaused = true;
        await SendAsync("-STOP");
    }

    /// <summary>Lets it go on.</summary>
    public async Task ResumeAsync()
    {
        await SendAsync("-CONT");
        IsPaused = false;
    }

    public async ValueTask DisposeAsync()
    {
        if (IsRunning)
        {
            await KillAsync();
        }

        _process?.Dispose();
    }

    private async Task SendAsync(string signal)
    {
        using var kill = Process.Start("kill", [signal, $"{_process!.Id}"]);
        await kill.WaitForExitAsync();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
