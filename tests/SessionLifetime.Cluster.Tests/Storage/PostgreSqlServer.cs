using Npgsql;
using SessionLifetime.Cluster.Tests.Storage;

[assembly: AssemblyFixture(typeof(PostgreSqlServer))]

namespace SessionLifetime.Cluster.Tests.Storage;

/// <summary>A PostgreSQL server for the tests of this assembly, started with the first that asks for it.</summary>
public sealed class PostgreSqlServer : IAsyncDisposable
{
    private readonly Lazy<Task<ServerProcess>> _server = new(StartAsync);

    /// <summary>A connection string to the database <c>postgres</c>.</summary>
    public async Task<string> ConnectionStringAsync() => ConnectionString((await _server.Value).Port);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (_server.IsValueCreated)
        {
            await (await _server.Value).DisposeAsync();
        }
    }

    /// <summary>A connection string to the database <c>postgres</c> of a server.</summary>
    internal static string ConnectionString(int port) => $"Host=127.0.0.1;Port={port};Username=tests;Password=none;Database=postgres;Max Auto Prepare=32;Maximum Pool Size=40";

    /// <summary>Starts a server.</summary>
    internal static Task<ServerProcess> StartAsync() =>
        StartAsync(data => [Find("initdb"), "-D", data, "-U", "tests", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]);

    /// <summary>Starts a replica of this server, which takes no writes.</summary>
    internal async Task<ServerProcess> StartReplicaAsync()
    {
        var primary = await _server.Value;
        return await StartAsync(data => [Find("pg_basebackup"), "-D", data, "-R", "-X", "stream", "-c", "fast", "--no-sync", "-d", $"host=127.0.0.1 port={primary.Port} user=tests"]);
    }

    private static async Task<ServerProcess> StartAsync(Func<string, string[]> make)
    {
        var folder = Directory.CreateTempSubdirectory("sessionlifetime-postgres-");
        var data = Path.Combine(folder.FullName, "data");

        // PostgreSQL does not run as root: the account that its package makes does it.
        string[] run = Environment.UserName == "root" ? [ServerProcess.Find("setpriv"), "--reuid=postgres", "--regid=postgres", "--clear-groups"] : [];
        if (run.Length > 0)
        {
            await ServerProcess.RunAsync("chown", "postgres", folder.FullName);
        }

        string[] making = [.. run, .. make(data)];
        await ServerProcess.RunAsync(making[0], making[1..]);
        var postgres = Find("postgres");
        return await ServerProcess.StartAsync(
            folder,
            run.Length > 0 ? run[0] : postgres,
            port => [.. run.Skip(1), .. run.Length > 0 ? new[] { postgres } : [], "-D", data, "-p", $"{port}", "-h", "127.0.0.1", "-k", folder.FullName, "-F", "-c", "max_connections=300"],
            AnswersAsync);
    }

    private static string Find(string program) => ServerProcess.Find(
        program,
        Directory.Exists("/usr/lib/postgresql")
            ? [.. Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(static folder => Path.Combine(folder, "bin"))]
            : []);

    private static async Task<bool> AnswersAsync(int port)
    {
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString(port) + ";Pooling=false");
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }
}
