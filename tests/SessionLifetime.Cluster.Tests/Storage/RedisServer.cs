using SessionLifetime.Cluster.Tests.Storage;

[assembly: AssemblyFixture(typeof(RedisServer))]

namespace SessionLifetime.Cluster.Tests.Storage;

/// <summary>A Redis server for the tests of this assembly, started with the first that asks for it.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private readonly Lazy<Task<ServerProcess>> _server = new(() => StartAsync("--appendonly", "yes", "--appendfsync", "no"));

    /// <summary>The configuration of a connection.</summary>
    public async Task<string> ConfigurationAsync() => $"127.0.0.1:{(await _server.Value).Port}";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server.IsValueCreated)
        {
            await (await _server.Value).DisposeAsync();
        }
    }

    /// <summary>Starts a server with arguments of its own.</summary>
    internal static Task<ServerProcess> StartAsync(params string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("sessionlifetime-redis-");
        return ServerProcess.StartAsync(
            folder, ServerProcess.Find("redis-server"),
            port => ["--port", $"{port}", "--bind", "127.0.0.1", "--dir", folder.FullName, "--save", "", "--daemonize", "no", .. arguments],
            AnswersAsync);
    }

    private static async Task<bool> AnswersAsync(int port)
    {
        try
        {
            using var client = new System.Net.Sockets.TcpClient();
            await client.ConnectAsync("127.0.0.1", port);
            var stream = client.GetStream();
            await stream.WriteAsync("PING\r\n"u8.ToArray());
            return await stream.ReadAsync(new byte[100]) > 0;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }
}
