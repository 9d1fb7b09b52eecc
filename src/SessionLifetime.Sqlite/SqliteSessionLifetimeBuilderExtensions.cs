using SessionLifetime;
using SessionLifetime.Sqlite;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Keeps sessions in a SQLite file.</summary>
public static class SqliteSessionLifetimeBuilderExtensions
{
    /// <summary>
    /// Keeps sessions in a SQLite file: a restart ends none, and several processes of one machine share them. The file is made where it is missing; its
    /// directory has to be there.
    /// </summary>
    /// <param name="builder">What <c>AddSessionLifetime</c> returned.</param>
    /// <param name="connectionString">The file, for example <c>Data Source=sessions.db</c>.</param>
    /// <param name="configure">Sets how processes keep step; null: the defaults. The same in every process.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="connectionString"/> is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="connectionString"/> cannot be read, or names no file.</exception>
    public static SessionLifetimeBuilder UseSqlite(
        this SessionLifetimeBuilder builder, string connectionString, Action<SessionStoreOptions>? configure = null)
    {
        var place = new SqlitePlace(connectionString);
        return builder.UseBackingStore(
            provider => new SqliteBackingStore(place, provider.GetRequiredService<TimeProvider>()), configure);
    }
}
