using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using NeoSmart.Caching.Sqlite;
using Npgsql;
using SessionLifetime.Soak.Databases;

namespace SessionLifetime.Soak.Speed;

/// <summary>The figures of a store, beside the framework's session in a distributed cache on the same database.</summary>
internal sealed class SpeedSoak : ISoak
{
    public string Name => "speed";

    public string Arguments => $"{Database.Names} [requests|touches|ends|remote|bytes|cost ...]";

    public string Description => "Measures a store, beside the framework's session in a distributed cache on the same database.";

    public async Task<bool> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        await using var database = await Database.StartAsync(arguments[0]);
        var folder = Directory.CreateTempSubdirectory("sessionlifetime-speed-");
        Action<SessionLifetimeBuilder> store = database.Name switch
        {
            "sqlite" => builder => builder.UseSqlite(database.Connection),
            "postgres" => builder => builder.UsePostgreSql(database.Connection),
            _ => builder => builder.UseRedis(database.Connection),
        };
        Console.WriteLine($"speed {database.Name}");
        if (Wants("requests"))
        {
            await using var source = NpgsqlDataSource.Create(database.Name == "postgres" ? database.Connection : "Host=127.0.0.1");
            if (database.Name == "postgres")
            {
                await new PostgreSqlCache(source).PrepareAsync();
            }

            await RequestFigures.MeasureAsync(database, "the framework's", store, services =>
            {
                services.AddSession();
                _ = database.Name switch
                {
                    "sqlite" => services.AddSingleton<IDistributedCache>(new SqliteCache(new() { CachePath = Path.Combine(folder.FullName, "cache.db") })),
                    "postgres" => services.AddSingleton<IDistributedCache>(new PostgreSqlCache(source)),
                    _ => services.AddStackExchangeRedisCache(options => options.Configuration = database.Connection),
                };
            });
        }

        if (Wants("cost"))
        {
            var (memory, shared) = await NodeFigures.RequestAsync(store);
            Console.WriteLine(FormattableString.Invariant($"  a request costs {shared:F0} ns more than without sessions, in memory {memory:F0} ns: {shared / memory:F2} times"));
        }

        if (Wants("remote"))
        {
            await NodeFigures.RemoteEndsAsync(store);
        }

        if (Wants("touches"))
        {
            await NodeFigures.TouchesAsync(store);
        }

        if (Wants("ends"))
        {
            await NodeFigures.EndsAsync(store);
        }

        if (Wants("bytes"))
        {
            var (memory, shared) = (await NodeFigures.BytesAsync(static _ => { }), await NodeFigures.BytesAsync(store));
            Console.WriteLine(FormattableString.Invariant($"  a session keeps {shared:F0} bytes, in memory {memory:F0}: {shared - memory:F0} more"));
        }

        folder.Delete(recursive: true);
        return true;

        bool Wants(string figure) => arguments.Count == 1 || arguments.Skip(1).Contains(figure, StringComparer.Ordinal);
    }
}
