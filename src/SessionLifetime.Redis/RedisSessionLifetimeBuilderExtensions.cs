using SessionLifetime;
using SessionLifetime.Redis;
using StackExchange.Redis;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Keeps sessions in Redis.</summary>
public static class RedisSessionLifetimeBuilderExtensions
{
    private const string Prefix = "session_lifetime";

    /// <summary>Keeps sessions in Redis, 6 or newer, or a Redis cluster: a restart of the app ends none, and all nodes share them.</summary>
    /// <param name="builder">What <c>AddSessionLifetime</c> returned.</param>
    /// <param name="configuration">The server, as StackExchange.Redis reads it, for example <c>localhost:6379</c>.</param>
    /// <param name="configure">Sets how nodes keep step; null: the defaults. The same on every node.</param>
    /// <param name="prefix">What all keys begin with, and the name of the channel of the news; without braces. The same on every node.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="configuration"/> is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="configuration"/> cannot be read, or <paramref name="prefix"/> is empty or has braces.</exception>
    public static SessionLifetimeBuilder UseRedis(
        this SessionLifetimeBuilder builder, string configuration, Action<SessionStoreOptions>? configure = null, string prefix = Prefix)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var options = ConfigurationOptions.Parse(configuration);
        Check(prefix);
        return builder.UseBackingStore(_ => new RedisBackingStore(RedisPlace.Of(options), prefix), configure);
    }

    /// <inheritdoc cref="UseRedis(SessionLifetimeBuilder, string, Action{SessionStoreOptions}?, string)"/>
    /// <param name="builder">What <c>AddSessionLifetime</c> returned.</param>
    /// <param name="connection">The connection. It stays the caller's: it is not disposed with the app.</param>
    /// <param name="configure">Sets how nodes keep step; null: the defaults. The same on every node.</param>
    /// <param name="prefix">What all keys begin with, and the name of the channel of the news; without braces. The same on every node.</param>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="connection"/> is null.</exception>
    public static SessionLifetimeBuilder UseRedis(
        this SessionLifetimeBuilder builder, IConnectionMultiplexer connection, Action<SessionStoreOptions>? configure = null, string prefix = Prefix)
    {
        ArgumentNullException.ThrowIfNull(connection);
        Check(prefix);
        return builder.UseBackingStore(_ => new RedisBackingStore(RedisPlace.Of(connection), prefix), configure);
    }

    private static void Check(string prefix)
    {
        ArgumentException.ThrowIfNullOrEmpty(prefix);
        if (prefix.AsSpan().IndexOfAny('{', '}') >= 0)
        {
            throw new ArgumentException("Braces are used to keep the keys of a shard together: name a prefix without any.", nameof(prefix));
        }
    }
}
