using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Cluster;

/// <summary>A PostgreSQL or Redis server in a temporary folder, started from what is installed, and gone with the sample.</summary>
internal sealed class OwnServer : IDisposable
{
    private readonly Process _process;

    private OwnServer(Process process, string connection) => (_process, Connection) = (process, connection);

    /// <summary>How nodes reach it.</summary>
    public string Connection { get; }

    /// <summary>Starts a server, and waits until it listens.</summary>
    /// <param name="store"><c>postgres</c> or <c>redis</c>.</param>
    /// <param name="folder">An empty folder.</param>
    /// <exception cref="InvalidOperationException">It is not installed, or does not start. The message names the cure.</exception>
    public static async Task<OwnServer> StartAsync(string store, DirectoryInfo folder)
    {
        var port = FreePort();
        if (store is "redis")
        {
            var redis = Find("redis-server", store);
            return await ListeningAsync(Start(redis, "--port", $"{port}", "--bind", "127.0.0.1", "--dir", folder.FullName, "--save", "", "--appendonly", "yes"), port, $"127.0.0.1:{port}");
        }

        // PostgreSQL does not run as root: the account that its package makes does it.
        var (initdb, postgres) = (Find("initdb", store), Find("postgres", store));
        string[] account = Environment.UserName is "root" ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : [];
        if (account.Length > 0)
        {
            await EndedAsync(Start("chown", "postgres", folder.FullName));
        }

        var data = Path.Combine(folder.FullName, "data");
        await EndedAsync(Start([.. account, initdb, "-D", data, "-U", "cluster", "--auth=trust", "--no-sync"]));
        var server = Start([.. account, postgres, "-D", data, "-p", $"{port}", "-h", "127.0.0.1", "-k", folder.FullName]);
        return await ListeningAsync(server, port, $"Host=127.0.0.1;Port={port};Username=cluster;Database=postgres");
    }

    /// <summary>Stops it, and waits until it has.</summary>
    public void Dispose()
    {
        using (var kill = Process.Start("kill", ["-INT", $"{_process.Id}"]))
        {
            kill.WaitForExit();
        }

        _process.WaitForExit();
        _process.Dispose();
    }

    private static Process Start(params string[] command)
    {
        var start = new ProcessStartInfo(command[0]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = Path.GetTempPath() };
        Array.ForEach(command[1..], start.ArgumentList.Add);
        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static async Task EndedAsync(Process process)
    {
        using (process)
        {
            await process.WaitForExitAsync();
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException($"{process.StartInfo.FileName} failed. Give --connection to use a server you have.");
            }
        }
    }

    private static async Task<OwnServer> ListeningAsync(Process process, int port, string connection)
    {
        while (true)
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"{process.StartInfo.FileName} ended at once. Give --connection to use a server you have.");
            }

            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, port);
                return new(process, connection);
            }
            catch (SocketException)
            {
                await Task.Delay(50);
            }
        }
    }

    private static string Find(string program, string store)
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).AsEnumerable();
        if (Directory.Exists("/usr/lib/postgresql"))
        {
            folders = folders.Concat(Directory.GetDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal).Select(static version => Path.Combine(version, "bin")));
        }

        var package = store is "redis" ? "redis-server" : "postgresql";
        return folders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException($"{program} is not installed: install it (apt-get install {package}), or give --connection to use a server you have.");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
