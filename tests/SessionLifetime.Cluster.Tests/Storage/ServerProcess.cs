using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace SessionLifetime.Cluster.Tests.Storage;

/// <summary>A database server of the tests: started from installed binaries in a temporary folder, on a free port of the loopback address, and removed.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly ProcessStartInfo _start;
    private readonly Func<int, Task<bool>> _answers;
    private readonly DirectoryInfo _folder;
    private Process _process;
    private Task _output;

    private ServerProcess(ProcessStartInfo start, DirectoryInfo folder, int port, Func<int, Task<bool>> answers)
    {
        (_start, _folder, Port, _answers) = (start, folder, port, answers);
        (_process, _output) = Run();
    }

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>Its process and those that it has started.</summary>
    public IReadOnlyList<int> Processes => [_process.Id, .. Children(_process.Id)];

    /// <summary>Starts a server, and waits until it answers.</summary>
    public static async Task<ServerProcess> StartAsync(DirectoryInfo folder, string program, Func<int, string[]> arguments, Func<int, Task<bool>> answers)
    {
        var port = FreePort();
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = folder.FullName };
        Array.ForEach(arguments(port), start.ArgumentList.Add);
        var server = new ServerProcess(start, folder, port, answers);
        await server.WaitAsync();
        return server;
    }

    /// <summary>Starts it again with the same files, on the same port, and waits until it answers.</summary>
    public Task StartAgainAsync()
    {
        (_process, _output) = Run();
        return WaitAsync();
    }

    /// <summary>Ends it politely, and keeps its files.</summary>
    public async Task StopAsync()
    {
        // Not the whole tree: the server ends its own. PostgreSQL waits for nobody on SIGINT; HAProxy ignores that where a shell has started the tests in the background.
        await SendAsync(_start.FileName.EndsWith("postgres", StringComparison.Ordinal) ? "-INT" : "-TERM", [_process.Id]);
        await _process.WaitForExitAsync();
        await _output;
        _process.Dispose();
    }

    /// <summary>All its processes stand still.</summary>
    public Task PauseAsync() => SendAsync("-STOP", Processes);

    /// <summary>All its processes go on.</summary>
    public Task ResumeAsync() => SendAsync("-CONT", Processes);

    /// <summary>Runs a program to its end.</summary>
    public static async Task RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = Path.GetTempPath() };
        Array.ForEach(arguments, start.ArgumentList.Add);
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} failed: {await output}{await error}");
    }

    /// <summary>A program that is installed.</summary>
    public static string Find(string name, params string[] folders)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(folders).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        Assert.True(path is not null, $"{name} is not installed: tests/run.sh installs what the tests need.");
        return path;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Delete(recursive: true);
    }

    private static async Task SendAsync(string signal, IReadOnlyList<int> processes)
    {
        using var kill = Process.Start("kill", [signal, .. processes.Select(static id => $"{id}")]);
        await kill.WaitForExitAsync();
    }

    private static IEnumerable<int> Children(int parent)
    {
        foreach (var folder in Directory.GetDirectories($"/proc/{parent}/task"))
        {
            foreach (var child in File.ReadAllText(Path.Combine(folder, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                yield return int.Parse(child, System.Globalization.CultureInfo.InvariantCulture);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private (Process Process, Task Output) Run()
    {
        var process = Process.Start(_start)!;
        return (process, Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync()));
    }

    private async Task WaitAsync()
    {
        for (var tries = 0; !await _answers(Port); tries++)
        {
            Assert.False(_process.HasExited, $"{_start.FileName} ended at once.");
            Assert.True(tries < 1200, $"{_start.FileName} does not answer.");
            await Task.Delay(50);
        }
    }
}
