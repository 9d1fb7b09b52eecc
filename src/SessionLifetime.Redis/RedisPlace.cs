using System.Globalization;
using StackExchange.Redis;

namespace SessionLifetime.Redis;

/// <summary>The connection: the app's, or one that is made at start.</summary>
internal sealed class RedisPlace : IAsyncDisposable
{
    private static readonly Version s_oldest = new(6, 0);

    private readonly ConfigurationOptions? _options;
    private IConnectionMultiplexer? _connection;

    private RedisPlace(ConfigurationOptions? options, IConnectionMultiplexer? connection)
    {
        _options = options;
        _connection = connection;
    }

    /// <summary>The connection.</summary>
    /// <exception cref="InvalidOperationException">The store has not been started.</exception>
    public IConnectionMultiplexer Connection => _connection ?? throw new InvalidOperationException("The store has not been started.");

    public static RedisPlace Of(ConfigurationOptions options)
    {
        // To be told how the server keeps what it has.
        options = options.Clone();
        options.AllowAdmin = true;
        return new(options, null);
    }

    public static RedisPlace Of(IConnectionMultiplexer connection) => new(null, connection);

    /// <summary>Connects, and looks at the servers.</summary>
    /// <returns>What an operator should know.</returns>
    /// <exception cref="SessionStoreException">The server can be reached and cannot be used.</exception>
    public async ValueTask<IReadOnlyList<string>> PrepareAsync()
    {
        try
        {
            _connection ??= await ConnectionMultiplexer.ConnectAsync(_options!);
            var warnings = new List<string>();
            foreach (var server in _connection.GetServers().Where(static server => server is { IsConnected: true, IsReplica: false }))
            {
                await CheckAsync(server, warnings);
            }

            return warnings;
        }
        catch (Exception exception) when (exception is RedisException && Explain(exception) is not null)
        {
            throw new SessionStoreException(Explain(exception)!, exception);
        }
    }

    /// <summary>What an exception of the driver means at start; null where it means an outage.</summary>
    public static string? Explain(Exception exception)
    {
        var text = exception is RedisConnectionException { FailureType: ConnectionFailureType.AuthenticationFailure }
            ? "WRONGPASS"
            : exception.Message + exception.InnerException?.Message;
        bool Says(string word) => text.Contains(word, StringComparison.Ordinal);
        return Says("WRONGPASS") || Says("NOAUTH") || Says("invalid password") ? "Redis refuses the user or the password: check both in the configuration."
            : Says("NOPERM") ? $"The user has too few rights in Redis ({exception.Message}): let it run scripts, publish and subscribe, and write keys with the prefix of the sessions."
            : Says("READONLY") ? "The Redis server is a read-only replica: connect to the primary."
            : Says("WRONGTYPE") ? "Keys with the prefix of the sessions hold something else: name another prefix."
            : null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_options is not null && _connection is not null)
        {
            await _connection.DisposeAsync();
        }
    }

    private static async ValueTask CheckAsync(IServer server, List<string> warnings)
    {
        if (server.Version < s_oldest)
        {
            throw new SessionStoreException($"Redis {server.Version.ToString(2)} is too old for sessions: use version 6 or newer.");
        }

        var info = await InfoAsync(server);
        var place = Convert.ToString(server.EndPoint, CultureInfo.InvariantCulture);
        if (info.TryGetValue("maxmemory_policy", out var policy) && !string.Equals(policy, "noeviction", StringComparison.Ordinal))
        {
            warnings.Add($"Redis at {place} removes keys when its memory is full (maxmemory-policy {policy}): sessions are lost then. Set maxmemory-policy noeviction.");
        }

        if (info.TryGetValue("aof_enabled", out var log) && string.Equals(log, "0", StringComparison.Ordinal) && await SavesNothingAsync(server))
        {
            warnings.Add($"Redis at {place} writes nothing to disk (appendonly no, and no save): all sessions are lost when it restarts. Set appendonly yes.");
        }
    }

    /// <summary>By a script: the driver has the command itself only for connections in its mode for administrators.</summary>
    private static async ValueTask<Dictionary<string, string>> InfoAsync(IServer server)
    {
        var text = (string?)await server.ExecuteAsync("EVAL", "return redis.call('INFO')", 0) ?? "";
        return text.Split('\n').Select(static line => line.TrimEnd('\r').Split(':', 2)).Where(static pair => pair.Length == 2)
            .GroupBy(static pair => pair[0], StringComparer.Ordinal).ToDictionary(static pair => pair.Key, static pair => pair.First()[1], StringComparer.Ordinal);
    }

    /// <summary>Where the server does not tell, nothing is said.</summary>
    private static async ValueTask<bool> SavesNothingAsync(IServer server)
    {
        try
        {
            return RedisRows.Values(await server.ExecuteAsync("CONFIG", "GET", "save")) is [_, var save] && save.IsNullOrEmpty;
        }
        catch (Exception exception) when (exception is RedisServerException or RedisCommandException)
        {
            return false;
        }
    }
}
