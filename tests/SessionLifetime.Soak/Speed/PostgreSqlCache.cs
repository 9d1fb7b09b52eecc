using Microsoft.Extensions.Caching.Distributed;
using Npgsql;

namespace SessionLifetime.Soak.Speed;

/// <summary>
/// A distributed cache over a table, for the framework's session: no package of one can be had for PostgreSQL here. It does what that of SQL Server does, in
/// fewer statements: one for each call.
/// </summary>
internal sealed class PostgreSqlCache(NpgsqlDataSource source) : IDistributedCache
{
    public async Task PrepareAsync()
    {
        await using var command = source.CreateCommand(
            "CREATE TABLE IF NOT EXISTS cache (id text PRIMARY KEY, value bytea NOT NULL, expires timestamptz NOT NULL, sliding interval NOT NULL)");
        await command.ExecuteNonQueryAsync();
    }

    public async Task<byte[]?> GetAsync(string key, CancellationToken token = default)
    {
        await using var command = source.CreateCommand("UPDATE cache SET expires = now() + sliding WHERE id = $1 AND expires > now() RETURNING value");
        command.Parameters.Add(new() { Value = key });
        return await command.ExecuteScalarAsync(token) as byte[];
    }

    public async Task RefreshAsync(string key, CancellationToken token = default)
    {
        await using var command = source.CreateCommand("UPDATE cache SET expires = now() + sliding WHERE id = $1 AND expires > now()");
        command.Parameters.Add(new() { Value = key });
        await command.ExecuteNonQueryAsync(token);
    }

    public async Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        await using var command = source.CreateCommand(
            "INSERT INTO cache VALUES ($1, $2, now() + $3, $3) ON CONFLICT (id) DO UPDATE SET value = excluded.value, expires = excluded.expires, sliding = excluded.sliding");
        command.Parameters.Add(new() { Value = key });
        command.Parameters.Add(new() { Value = value });
        command.Parameters.Add(new() { Value = options.SlidingExpiration ?? TimeSpan.FromMinutes(20) });
        await command.ExecuteNonQueryAsync(token);
    }

    public async Task RemoveAsync(string key, CancellationToken token = default)
    {
        await using var command = source.CreateCommand("DELETE FROM cache WHERE id = $1");
        command.Parameters.Add(new() { Value = key });
        await command.ExecuteNonQueryAsync(token);
    }

    public byte[]? Get(string key) => GetAsync(key).GetAwaiter().GetResult();

    public void Refresh(string key) => RefreshAsync(key).GetAwaiter().GetResult();

    public void Remove(string key) => RemoveAsync(key).GetAwaiter().GetResult();

    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) => SetAsync(key, value, options).GetAwaiter().GetResult();
}
