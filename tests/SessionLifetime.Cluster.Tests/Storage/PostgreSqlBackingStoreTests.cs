using Npgsql;
using SessionLifetime.PostgreSql;

namespace SessionLifetime.Cluster.Tests.Storage;

/// <summary>The contract, kept by PostgreSQL; and what is special to it. Each test has a schema of its own.</summary>
public sealed class PostgreSqlBackingStoreTests(PostgreSqlServer server) : BackingStoreContract
{
    private readonly PostgreSqlStoreOptions _options = new() { Schema = $"test \"{Guid.NewGuid():N}'" };
    private NpgsqlDataSource _database = null!;

    private string Schema => PostgreSqlStatements.Quoted(_options.Schema);

    [Fact]
    public async Task Two_nodes_that_start_at_once_make_the_tables_once()
    {
        await RunAsync($"DROP SCHEMA {Schema} CASCADE");

        var starts = await Task.WhenAll(Enumerable.Range(0, 4).Select(one => Task.Run(async () => await (await OpenAsync()).StartAsync(StartOf($"n{one}"), Stop), Stop)));

        Assert.All(starts, static start => Assert.Empty(start.Warnings));
    }

    [Fact]
    public async Task The_script_may_run_twice()
    {
        await RunAsync(SessionLifetimeSchema.For(_options));
        var record = await AddAsync();
        await RunAsync(SessionLifetimeSchema.For(_options));

        Assert.Equal(1, (await BeatAsync()).Sessions);
        Assert.NotNull(await LoadAsync(record.Id));
    }

    [Fact]
    public async Task A_change_that_was_begun_before_others_and_committed_after_them_is_not_missed()
    {
        var (slow, fast) = (await AddAsync(), await AddAsync());
        await using var connection = await _database.OpenConnectionAsync(Stop);
        await using var transaction = await connection.BeginTransactionAsync(Stop);
        await using (var change = new NpgsqlCommand($"UPDATE {Schema}.session SET version = 2, change = txid_current() WHERE id = '{slow.Id}'", connection))
        {
            await change.ExecuteNonQueryAsync(Stop);
        }

        await WriteAsync(Next(fast), 1);
        var first = await BeatAsync();
        Assert.Contains(new(fast.Id, 2, false, true), first.Changes);
        Assert.DoesNotContain(new(slow.Id, 2, false, true), first.Changes);
        await transaction.CommitAsync(Stop);

        Assert.Contains(new(slow.Id, 2, false, true), (await BeatAsync(cursor: first.Cursor)).Changes);
    }

    [Fact]
    public async Task A_transaction_that_somebody_leaves_open_does_not_bring_all_changes_again()
    {
        await using var connection = await _database.OpenConnectionAsync(Stop);
        await using var transaction = await connection.BeginTransactionAsync(Stop);
        await using (var command = new NpgsqlCommand("SELECT txid_current()", connection))
        {
            await command.ExecuteScalarAsync(Stop);
        }

        var before = await BeatAsync();
        var records = Enumerable.Range(0, 200).Select(_ => NewRecord()).ToArray();
        await Store.CommitAsync(Array.ConvertAll(records, static record => new SessionCommit(record, 0) { Committer = N1 }), Stop);
        var told = await BeatAsync(cursor: before.Cursor);
        Assert.Equal(200, told.Changes.Count);

        Assert.Empty((await BeatAsync(cursor: told.Cursor)).Changes);

        // An answer that did not arrive is given again.
        Assert.Equal(200, (await BeatAsync(cursor: before.Cursor)).Changes.Count);
    }

    [Fact]
    public async Task A_batch_of_which_one_is_refused_is_told_from_an_outage()
    {
        var exception = await Assert.ThrowsAnyAsync<PostgresException>(
            async () => await Store.CommitAsync([new(NewRecord("a\0b"), 0) { Committer = N1 }, new(NewRecord(), 0) { Committer = N1 }], Stop));

        Assert.True(StoreGate.IsRefusal(exception));
        await using var store = Open(await OtherAsync("Port=1"), _options);
        var outage = await Assert.ThrowsAnyAsync<NpgsqlException>(async () => await store.StartAsync(StartOf(N2), Stop));
        Assert.False(StoreGate.IsRefusal(outage));
    }

    [Fact]
    public async Task A_listener_whose_data_source_is_gone_ends()
    {
        var database = await OtherAsync("Timeout=5");
        await using var store = Open(database, _options);
        await database.DisposeAsync();

        await Assert.ThrowsAnyAsync<ObjectDisposedException>(async () =>
        {
            await foreach (var notice in store.ListenAsync(Stop))
            {
                _ = notice;
            }
        });
    }

    [Fact]
    public async Task Touches_write_no_index()
    {
        var record = await AddAsync(due: 3);
        await ServeAsync(1);
        for (var one = 0; one < 20; one++)
        {
            await TouchAsync(new(record.Id, 1, LastSignal: new(TimeSpan.Zero, Begin + TimeSpan.FromTicks(one))));
        }

        await using var command = _database.CreateCommand(
            $"SELECT pg_stat_force_next_flush(); SELECT n_tup_hot_upd, n_tup_upd FROM pg_stat_user_tables WHERE schemaname = $1 AND relname = 'session'".Split(';')[1]);
        command.Parameters.Add(new() { Value = _options.Schema });
        await Eventually.IsAsync(() =>
        {
            using var reader = command.ExecuteReader();
            return reader.Read() && reader.GetInt64(1) >= 20 && reader.GetInt64(0) >= reader.GetInt64(1) - 1;
        });
    }

    [Fact]
    public async Task A_listener_whose_connection_breaks_connects_again()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        await using var news = Store.ListenAsync(stop.Token).GetAsyncEnumerator(stop.Token);
        for (var round = 0; round < 2; round++)
        {
            var next = news.MoveNextAsync().AsTask();
            while (await Task.WhenAny(next, Task.Delay(50, Stop)) != next)
            {
                await Store.AskForHeartbeatsAsync(Stop);
            }

            Assert.True(await next);
            await RunAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND query LIKE '%" + _options.Schema[6..20] + "%' AND pid <> pg_backend_pid()");
        }
    }

    [Fact]
    public async Task Tables_of_a_newer_major_version_are_refused()
    {
        await RunAsync($"UPDATE {Schema}.clock SET major = 2");

        await AssertRefusedAsync(_database, _options, "update SessionLifetime.PostgreSql");
    }

    [Fact]
    public async Task A_foreign_schema_is_refused()
    {
        await RunAsync($"DROP TABLE {Schema}.clock; CREATE TABLE {Schema}.clock (hour integer)");

        await AssertRefusedAsync(_database, _options, "holds other tables");
    }

    [Fact]
    public async Task A_database_that_is_missing_is_named() => await AssertRefusedAsync(await OtherAsync("Database=nowhere"), _options, "The database is not there");

    [Fact]
    public async Task A_user_that_is_refused_is_named() => await AssertRefusedAsync(await OtherAsync("Username=nobody"), _options, "refuses the user or the password");

    [Fact]
    public async Task A_user_without_rights_is_told_which()
    {
        var user = $"user_{Guid.NewGuid():N}";
        await RunAsync($"CREATE ROLE {user} LOGIN");

        await AssertRefusedAsync(await OtherAsync($"Username={user}"), new() { Schema = user }, "grant CREATE on the database");
        await AssertRefusedAsync(await OtherAsync($"Username={user}"), _options, "too few rights");
    }

    [Fact]
    public async Task A_user_with_the_rights_of_tables_made_by_hand_needs_no_other()
    {
        var user = $"user_{Guid.NewGuid():N}";
        await RunAsync(
            $"CREATE ROLE {user} LOGIN; GRANT USAGE ON SCHEMA {Schema} TO {user}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {Schema} TO {user}; "
            + $"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {Schema} TO {user}");
        var record = await AddAsync();

        await using var store = Open(await OtherAsync($"Username={user}"), _options);
        await store.StartAsync(StartOf(N2), Stop);
        var answer = Assert.Single(await store.CommitAsync([new(Ended(record), 1) { Committer = N2, Events = [Event(record, 128)] }], Stop));
        Assert.Equal(CommitStatus.Written, answer.Status);
    }

    [Fact]
    public async Task A_server_that_is_read_only_is_named() =>
        await AssertRefusedAsync(await OtherAsync("Options=-c default_transaction_read_only=on"), _options, "is read-only");

    [Fact]
    public async Task A_replica_is_named()
    {
        await using var replica = await server.StartReplicaAsync();

        await AssertRefusedAsync(NpgsqlDataSource.Create(PostgreSqlServer.ConnectionString(replica.Port) + ";Pooling=false"), _options, "a replica");
    }

    [Fact]
    public async Task Another_isolation_level_is_refused() =>
        await AssertRefusedAsync(await OtherAsync("Options=-c default_transaction_isolation=serializable"), _options, "read committed");

    [Fact]
    public async Task A_server_that_does_not_answer_is_an_outage_and_no_mistake()
    {
        await using var store = Open(await OtherAsync("Port=1"), _options);

        await Assert.ThrowsAnyAsync<NpgsqlException>(async () => await store.StartAsync(StartOf(N2), Stop));
    }

    internal override async ValueTask PrepareAsync() => _database = NpgsqlDataSource.Create(await server.ConnectionStringAsync());

    internal override ValueTask<ISessionBackingStore> OpenAsync() => new(Open(_database, _options));

    internal override async ValueTask RemoveAsync()
    {
        await RunAsync($"DROP SCHEMA IF EXISTS {Schema} CASCADE");
        await _database.DisposeAsync();
    }

    private PostgreSqlBackingStore Open(NpgsqlDataSource database, PostgreSqlStoreOptions options) =>
        new(database, ownsDataSource: false, options, TimeProvider.System) { ClockOffset = () => Time.Offset };

    private async Task<NpgsqlDataSource> OtherAsync(string setting) => NpgsqlDataSource.Create(await server.ConnectionStringAsync() + ";Pooling=false;" + setting);

    private async Task RunAsync(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private async Task AssertRefusedAsync(NpgsqlDataSource database, PostgreSqlStoreOptions options, string message)
    {
        await using var store = Open(database, options);
        var refused = await Assert.ThrowsAsync<SessionStoreException>(async () => await store.StartAsync(StartOf(N2), Stop));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }
}
