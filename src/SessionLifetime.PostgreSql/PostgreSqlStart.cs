using Npgsql;

namespace SessionLifetime.PostgreSql;

/// <summary>What is looked at, and made, when a node starts.</summary>
internal sealed class PostgreSqlStart(NpgsqlDataSource database, PostgreSqlStoreOptions options, PostgreSqlStatements statements)
{
    private const int OldestServer = 120000;

    /// <summary>One number for all nodes and apps that make tables in one database.</summary>
    private const long SchemaLock = 0x5e5510_11fe;

    /// <summary>Sees to it that the tables are there and known.</summary>
    /// <exception cref="SessionStoreException">The database can be reached and cannot be used.</exception>
    public async ValueTask PrepareAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await CheckServerAsync(connection, cancellationToken);
            if (!await IsThereAsync(connection, cancellationToken) || await ReadMinorAsync(connection, cancellationToken) < SessionLifetimeSchema.Minor)
            {
                await MakeAsync(connection, cancellationToken);
                await ReadMinorAsync(connection, cancellationToken);
            }
        }
        catch (PostgresException exception) when (Explain(exception) is { } message)
        {
            throw new SessionStoreException(message, exception);
        }
    }

    private static async ValueTask CheckServerAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "SELECT current_setting('server_version_num')::integer, pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on', "
            + "current_setting('transaction_isolation'), current_setting('server_version')",
            connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        if (reader.GetInt32(0) < OldestServer)
        {
            throw new SessionStoreException($"PostgreSQL {reader.GetString(3)} is too old for sessions: use version 12 or newer.");
        }

        if (reader.GetBoolean(1))
        {
            throw new SessionStoreException("The PostgreSQL server is read-only (a replica, or default_transaction_read_only): connect to the primary.");
        }

        if (!string.Equals(reader.GetString(2), "read committed", StringComparison.Ordinal))
        {
            throw new SessionStoreException(
                $"The connection's isolation level is \"{reader.GetString(2)}\": leave default_transaction_isolation at \"read committed\" for the user of the sessions.");
        }
    }

    private async ValueTask<bool> IsThereAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // Not to_regclass: within a transaction it may remember that there was none.
        await using var command = new NpgsqlCommand(
            "SELECT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'clock')", connection)
        {
            Parameters = { new() { Value = options.Schema } },
        };
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private async ValueTask MakeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var wait = new NpgsqlCommand("SELECT pg_advisory_xact_lock($1)", connection) { Parameters = { new() { Value = SchemaLock } } };
        await wait.ExecuteNonQueryAsync(cancellationToken);

        // Another node may have made them meanwhile; then nothing is written, and no right to make a schema is needed.
        if (!await IsThereAsync(connection, cancellationToken) || await ReadMinorAsync(connection, cancellationToken) < SessionLifetimeSchema.Minor)
        {
#pragma warning disable CA2100 // The only part that is not constant is the schema, quoted.
            await using var make = new NpgsqlCommand(SessionLifetimeSchema.For(options), connection);
#pragma warning restore CA2100
            await make.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private async ValueTask<int> ReadMinorAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // The only part that is not constant is the schema, quoted.
        await using var command = new NpgsqlCommand(statements.Version, connection);
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            throw new SessionStoreException($"The table {statements.ClockTable} is empty: run SessionLifetimeSchema.Sql, or name another schema.");
        }

        return reader.GetInt32(0) <= SessionLifetimeSchema.Major ? reader.GetInt32(1) : throw new SessionStoreException(
            $"The tables in schema {options.Schema} are of version {reader.GetInt32(0)}, and this package knows version {SessionLifetimeSchema.Major}: "
            + "update SessionLifetime.PostgreSql, or name another schema.");
    }

    private string? Explain(PostgresException exception) => exception.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
            $"PostgreSQL refuses the user or the password ({exception.MessageText}): check both in the connection string.",
        PostgresErrorCodes.InvalidCatalogName => $"The database is not there ({exception.MessageText}): make it, or name another in the connection string.",
        PostgresErrorCodes.InsufficientPrivilege =>
            $"The user has too few rights ({exception.MessageText}): grant CREATE on the database, or run SessionLifetimeSchema.Sql by hand and grant the user USAGE on "
            + $"schema {options.Schema} and SELECT, INSERT, UPDATE, DELETE on its tables and USAGE on its sequence.",
        PostgresErrorCodes.ReadOnlySqlTransaction => "The PostgreSQL server is read-only: connect to the primary.",
        PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn or PostgresErrorCodes.WrongObjectType =>
            $"The schema {options.Schema} holds other tables than those of SessionLifetime ({exception.MessageText}): name another schema.",
        _ => null,
    };
}
