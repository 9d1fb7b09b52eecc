using SessionLifetime.Cluster.Tests.Storage;

namespace SessionLifetime.Soak.Databases;

/// <summary>Starts the database that the command line names.</summary>
internal static class Database
{
    /// <summary>The words of the command line.</summary>
    public const string Names = "sqlite|postgres|redis";

    public static async Task<IDatabase> StartAsync(string name) => name switch
    {
        "sqlite" => new SqliteFile(),
        "postgres" => Of(name, await PostgreSqlServer.StartAsync(), PostgreSqlServer.ConnectionString),
        "redis" => Of(name, await RedisServer.StartAsync("--appendonly", "yes", "--appendfsync", "no"), static port => $"127.0.0.1:{port}"),
        _ => throw new ArgumentException($"A database is {Names}, and not '{name}'.", nameof(name)),
    };

    private static ServerDatabase Of(string name, ServerProcess server, Func<int, string> connection) => new(name, server, connection(server.Port));
}
