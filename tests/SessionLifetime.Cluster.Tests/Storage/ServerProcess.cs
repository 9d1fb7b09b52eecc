using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace SessionLifetime.Cluster.Tests.Storage;

/// <summary>A database server of the tests: started from installed binaries in a temporary folder, on a free port of the loopback address, and removed.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task _output;
    private readonly DirectoryInfo _folder;

    private ServerProcess(Process process, DirectoryInfo folder, int port)
    {
        (_process, _folder, Port) = (process, folder, port);
        _output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
    }

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>Starts a server, and waits until it answers.</summary>
    public static async Task<ServerProcess> StartAsync(DirectoryInfo folder, string program, Func<int, string[]> arguments, Func<int, Task<bool>> answers)
    {
        var port = FreePort();
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = folder.FullName };
        Array.ForEach(arguments(port), start.ArgumentList.Add);
        var server = new ServerProcess(Process.Start(start)!, folder, port);
        for (var tries = 0; !await answers(port); tries++)
        {
            Assert.False(server._process.HasExited, $"{program} ended at once.");
            Assert.True(tries < 1200, $"{program} does not answer.");
            await Task.Delay(50);
        }

        return server;
    }

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
        // Not the whole tree: the server ends its own.
        using (var kill = Process.Start("kill", ["-INT", $"{_process.Id}"]))
        {
            await kill.WaitForExitAsync();
        }

        await _process.WaitForExitAsync();
        await _output;
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
