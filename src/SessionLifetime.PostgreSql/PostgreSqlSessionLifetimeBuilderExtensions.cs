using System.Data.Common;
using Npgsql;
using SessionLifetime;
using SessionLifetime.PostgreSql;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Keeps sessions in PostgreSQL.</summary>
public static class PostgreSqlSessionLifetimeBuilderExtensions
{
    /// <summary>Keeps sessions in PostgreSQL, 12 or newer: a restart ends none, and all nodes share them. The tables are made at the first start.</summary>
    /// <param name="builder">What <c>AddSessionLifetime</c> returned.</param>
    /// <param name="connectionString">The database, as Npgsql reads it.</param>
    /// <param name="configure">Sets how nodes keep step; null: the defaults. The same on every node.</param>
    /// <param name="database">Sets how the database is used; null: the defaults. The same on every node.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="connectionString"/> is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="connectionString"/> cannot be read, or an option is out of its range.</exception>
    public static SessionLifetimeBuilder UsePostgreSql(
        this SessionLifetimeBuilder builder,
        string connectionString,
        Action<SessionStoreOptions>? configure = null,
        Action<PostgreSqlStoreOptions>? database = null)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        var given = new DbConnectionStringBuilder { ConnectionString = connectionString };
        if (!given.ContainsKey("Max Auto Prepare") && !given.ContainsKey("MaxAutoPrepare"))
        {
            settings.MaxAutoPrepare = 32;
        }

        var options = Options(database);
        return builder.UseBackingStore(
            provider => new PostgreSqlBackingStore(
                NpgsqlDataSource.Create(settings.ConnectionString), ownsDataSource: true, options, provider.GetRequiredService<TimeProvider>()),
            configure);
    }

    /// <inheritdoc cref="UsePostgreSql(SessionLifetimeBuilder, string, Action{SessionStoreOptions}?, Action{PostgreSqlStoreOptions}?)"/>
    /// <param name="builder">What <c>AddSessionLifetime</c> returned.</param>
    /// <param name="dataSource">The database. It stays the caller's: it is not disposed with the app.</param>
    /// <param name="configure">Sets how nodes keep step; null: the defaults. The same on every node.</param>
    /// <param name="database">Sets how the database is used; null: the defaults. The same on every node.</param>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="dataSource"/> is null.</exception>
    public static SessionLifetimeBuilder UsePostgreSql(
        this SessionLifetimeBuilder builder,
        NpgsqlDataSource dataSource,
        Action<SessionStoreOptions>? configure = null,
        Action<PostgreSqlStoreOptions>? database = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        var options = Options(database);
        return builder.UseBackingStore(
            provider => new PostgreSqlBackingStore(dataSource, ownsDataSource: false, options, provider.GetRequiredService<TimeProvider>()), configure);
    }

    private static PostgreSqlStoreOptions Options(Action<PostgreSqlStoreOptions>? configure)
    {
        var options = new PostgreSqlStoreOptions();
        configure?.Invoke(options);
        var length = System.Text.Encoding.UTF8.GetByteCount(options.Schema ?? "");
        return length is >= 1 and <= 63
            ? options
            : throw new ArgumentException($"PostgreSqlStoreOptions.Schema has {length} bytes, and must have 1 to 63.", nameof(configure));
    }
}
