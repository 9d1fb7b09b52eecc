using System.Diagnostics;
using Npgsql;
using SessionLifetime.PostgreSql;
using SessionLifetime.Redis;
using SessionLifetime.Sqlite;
using StackExchange.Redis;

namespace SessionLifetime.Cluster.Tests.Storage;

/// <summary>
/// Measures the stores, and prints what it finds: batches as a node sends them, two under way. It asserts that everything was written, and nothing about speed.
/// <c>SESSIONLIFETIME_FIGURES=1</c> makes it twenty times as long.
/// </summary>
public sealed class StoreFigureTests(PostgreSqlServer postgres, RedisServer redis, ITestOutputHelper output)
{
    private const int Sessions = 4096;
    private const int TouchBatch = 512;
    private const int CommitBatch = 256;

    private static readonly int s_rounds = Environment.GetEnvironmentVariable("SESSIONLIFETIME_FIGURES") is null ? 1 : 20;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("memory")]
    [InlineData("SQLite")]
    [InlineData("PostgreSQL")]
    [InlineData("Redis")]
    public async Task Touches_and_commits_per_second(string name)
    {
        var folder = Directory.CreateTempSubdirectory("sessionlifetime-figures-");
        await using var store = name switch
        {
            "SQLite" => new SqliteBackingStore(new($"Data Source={Path.Combine(folder.FullName, "sessions.db")}"), TimeProvider.System),
            "PostgreSQL" => new PostgreSqlBackingStore(
                NpgsqlDataSource.Create(await postgres.ConnectionStringAsync()), ownsDataSource: true, new() { Schema = $"figures_{Guid.NewGuid():N}" }, TimeProvider.System),
            "Redis" => new RedisBackingStore(RedisPlace.Of(ConfigurationOptions.Parse(await redis.ConfigurationAsync())), $"figures {Guid.NewGuid():N}"),
            _ => (ISessionBackingStore)new MemoryBackingStore(TimeProvider.System),
        };
        var start = await store.StartAsync(new("n1", TimeSpan.FromHours(1), TimeSpan.FromHours(1), default), Stop);
        var now = start.Now.Service;
        var records = Enumerable.Range(0, Sessions).Select(one => new SessionRecord
        {
            Id = $"f{one:D9}A",
            SecretHashes = [$"{one:D42}F"],
            Stamps = new(now, now, TimeSpan.Zero, now),
            DueAt = now + TimeSpan.FromHours(1),
            BrowserId = $"b{one:D9}A",
            User = $"user {one}",
            Writer = $"n1:{one}",
            State = new byte[600],
        }).ToArray();

        var starts = await RunAsync(records, CommitBatch, async some => Assert.All(
            await store.CommitAsync(Array.ConvertAll(some, static record => new SessionCommit(record, 0) { Committer = "n1" }), Stop),
            static answer => Assert.Equal(CommitStatus.Written, answer.Status)));
        var seconds = 0.0;
        for (var round = 0; round < s_rounds * 4; round++)
        {
            var at = new StampTouch(TimeSpan.Zero, now + TimeSpan.FromTicks(round + 1));
            seconds += await RunAsync(records, TouchBatch, async some => Assert.All(
                await store.TouchAsync(Array.ConvertAll(some, record => new SessionTouch(record.Id, 1, at, at, null, at)), Stop),
                static answer => Assert.Equal(1, answer.Version)));
        }

        var changes = 0.0;
        for (var round = 0; round < s_rounds; round++)
        {
            var version = round + 1;
            changes += await RunAsync(records, CommitBatch, async some => Assert.All(
                await store.CommitAsync(Array.ConvertAll(some, record => new SessionCommit(record with { Writer = $"n1:{record.Id}:{version}" }, version) { Committer = "n1" }), Stop),
                static answer => Assert.Equal(CommitStatus.Written, answer.Status)));
        }

        var ends = await RunAsync(records, CommitBatch, async some => await store.CommitAsync(
            Array.ConvertAll(some, record => new SessionCommit(
                record with { Writer = $"n1:{record.Id}:end", EndReason = SessionEndReason.IdleTimeout, EndedAt = now, DueAt = null }, s_rounds + 1)
            {
                Committer = "n1",
                Events = [new(record.Id, 128, "exit", new byte[20])],
            }),
            Stop));
        var told = Stopwatch.StartNew();
        var events = 0;
        while (await store.TakeEventsAsync(new("n1", CommitBatch, false), Stop) is { Count: > 0 } taken)
        {
            await store.CompleteEventsAsync(taken.Select(static one => new EventResult(one.SessionId, one.Sequence, one.Attempt, true)).ToList(), Stop);
            events += taken.Count;
        }

        Assert.Equal(Sessions, events);
        var figures = $"{name}: {Sessions / starts:N0} starts, {Sessions * s_rounds * 4 / seconds:N0} touches, {Sessions * s_rounds / changes:N0} changes, {Sessions / ends:N0} ends, "
            + $"{events / told.Elapsed.TotalSeconds:N0} events taken and completed a second";
        output.WriteLine(figures);
        TestContext.Current.SendDiagnosticMessage(figures);
        var trimmed = 0;
        while (await store.TrimAsync(now + TimeSpan.FromHours(1), Stop) is > 0 and var some)
        {
            trimmed += some;
        }

        Assert.Equal(Sessions, trimmed);
        await store.DisposeAsync();
        folder.Delete(recursive: true);
    }

    private static async Task<double> RunAsync(SessionRecord[] records, int size, Func<SessionRecord[], Task> run)
    {
        var watch = Stopwatch.StartNew();
        using var two = new SemaphoreSlim(2);
        await Task.WhenAll(records.Chunk(size).Select(async some =>
        {
            await two.WaitAsync(Stop);
            await Task.Run(() => run(some), Stop);
            two.Release();
        }));
        return watch.Elapsed.TotalSeconds;
    }
}
