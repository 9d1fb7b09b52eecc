using Npgsql;

namespace SessionLifetime.PostgreSql;

/// <summary>Reads rows, and makes commands with positional parameters.</summary>
internal static class PostgreSqlRows
{
    public static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<object?> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new() { Value = value ?? DBNull.Value });
        }

        return command;
    }

    /// <summary>Runs commands as one step of the database, in one round trip, and reads the rows of each.</summary>
    /// <param name="database">The database.</param>
    /// <param name="commands">The commands, each with what reads a row of it; null where nothing is read.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="isPlanned">
    /// Whether they are planned for their values each time, and not compiled: a plan that was kept from when the tables were empty would read them whole, and
    /// compiling it, where the estimates are wrong, takes seconds.
    /// </param>
    public static async ValueTask RunAsync(
        NpgsqlDataSource database,
        (NpgsqlBatchCommand Command, Action<NpgsqlDataReader>? Read)[] commands,
        CancellationToken cancellationToken,
        bool isPlanned = true)
    {
        await using var batch = database.CreateBatch();
        if (isPlanned)
        {
            batch.BatchCommands.Add(new("SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('jit', 'off', true)"));
        }

        foreach (var (command, _) in commands)
        {
            batch.BatchCommands.Add(command);
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (isPlanned)
        {
            await reader.NextResultAsync(cancellationToken);
        }

        foreach (var read in Reading(commands))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                read(reader);
            }

            await reader.NextResultAsync(cancellationToken);
        }

        // What fails after the last rows is told by the next result.
        while (await reader.NextResultAsync(cancellationToken))
        {
        }
    }

    public static SessionStamps Stamps(NpgsqlDataReader reader, int first) =>
        new(new(reader.GetInt64(first)), new(reader.GetInt64(first + 1)), new(reader.GetInt64(first + 2)), new(reader.GetInt64(first + 3)));

    public static SessionRecord Record(NpgsqlDataReader reader)
    {
        TimeSpan? Span(int column) => reader.IsDBNull(column) ? null : new(reader.GetInt64(column));
        string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
        return new()
        {
            Id = reader.GetString(0),
            Version = reader.GetInt64(1),
            SecretHashes = reader.GetFieldValue<string[]>(2),
            Stamps = Stamps(reader, 3),
            DueAt = Span(7),
            AbsoluteAt = Span(8),
            BrowserId = Text(9),
            User = Text(10),
            Home = Text(11),
            EndReason = reader.IsDBNull(12) ? null : (SessionEndReason)reader.GetInt32(12),
            EndedAt = Span(13),
            Writer = reader.GetString(14),
            State = reader.GetFieldValue<byte[]>(15),
        };
    }

    public static StoredValue Value(NpgsqlDataReader reader) =>
        new(reader.GetString(0), reader.GetInt64(1), reader.IsDBNull(2) ? null : reader.GetFieldValue<byte[]>(2));

    /// <summary>Those whose statements give rows, in their order: the reader steps over the others.</summary>
    private static IEnumerable<Action<NpgsqlDataReader>> Reading((NpgsqlBatchCommand Command, Action<NpgsqlDataReader>? Read)[] commands) =>
        commands.Where(static one => one.Read is not null).Select(static one => one.Read!);
}
