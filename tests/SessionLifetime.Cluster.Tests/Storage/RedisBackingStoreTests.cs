using SessionLifetime.Redis;
using StackExchange.Redis;

namespace SessionLifetime.Cluster.Tests.Storage;

/// <summary>The contract, kept by Redis; and what is special to it. Each test has a prefix of its own.</summary>
public sealed class RedisBackingStoreTests(RedisServer server) : BackingStoreContract
{
    private readonly string _prefix = $"test {Guid.NewGuid():N}";

    [Fact]
    public async Task What_is_forgotten_leaves_no_key()
    {
        for (var one = 0; one < 20; one++)
        {
            var record = await AddAsync(due: 1);
            await Store.WriteValuesAsync(record.Id, [new("a", [1])], Stop);
            record = await WriteAsync(Next(record) with { SecretHashes = [Hash(10_000 + one, 'k')], AbsoluteAt = Begin }, 1);
            await WriteAsync(Ended(record, -1), 2, N1, Event(record, 128));
            await CompleteAsync(Assert.Single(await TakeAsync(N1)));
        }

        await PutAsync(0);
        Assert.Equal(20, await Store.TrimAsync(Begin, Stop));

        await using var connection = await ConnectionMultiplexer.ConnectAsync(await server.ConfigurationAsync());
        var keys = connection.GetServers()[0].Keys(pattern: $"*{_prefix}*").Select(static key => ((string)key!).Split("}:")[1]).Distinct(StringComparer.Ordinal);
        Assert.Equal(["clock", "marks", "nodes", "number", "place"], keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_shard_that_lost_its_last_commits_is_noticed_and_no_news_is_missed()
    {
        var records = Enumerable.Range(0, 1000).Select(_ => NewRecord()).ToList();
        var lost = records.Where(static one => RedisShards.Of(one.Id) == 3).Take(6).ToList();
        var others = records.Where(static one => RedisShards.Of(one.Id) == 5).Take(8).ToList();
        await Store.CommitAsync(lost.Take(5).Select(static one => new SessionCommit(one, 0) { Committer = N1 }).ToList(), Stop);
        var before = await BeatAsync();

        // The master of the shard fails over, and its replica has not heard of the last five.
        await using var connection = await ConnectionMultiplexer.ConnectAsync(await server.ConfigurationAsync());
        await connection.GetDatabase().StringSetAsync($"{{{_prefix}:3}}:number", 0);
        await connection.GetDatabase().KeyDeleteAsync($"{{{_prefix}:3}}:changes");
        await Store.CommitAsync(others.Append(lost[5]).Select(static one => new SessionCommit(one, 0) { Committer = N1 }).ToList(), Stop);

        var answer = await BeatAsync(cursor: before.Cursor);
        Assert.True(answer.Cursor < before.Cursor, "The store went back.");
        Assert.Contains(answer.Changes, change => change.Id == lost[5].Id);
        Assert.Equal(8, answer.Changes.Count(change => others.Exists(one => one.Id == change.Id)));

        // From there on it is as ever.
        Assert.Empty((await BeatAsync(cursor: answer.Cursor)).Changes);
    }

    [Fact]
    public async Task An_evicting_server_without_a_disk_is_warned_of()
    {
        await using var other = await RedisServer.StartAsync("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru");
        await using var store = Open($"127.0.0.1:{other.Port}");

        var start = await store.StartAsync(StartOf(N2), Stop);

        Assert.Contains(start.Warnings, static warning => warning.Contains("Set maxmemory-policy noeviction.", StringComparison.Ordinal));
        Assert.Contains(start.Warnings, static warning => warning.Contains("Set appendonly yes.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wrong_password_is_named()
    {
        await using var other = await RedisServer.StartAsync("--requirepass", "secret");

        await AssertRefusedAsync($"127.0.0.1:{other.Port}", "refuses the user or the password");
        await AssertRefusedAsync($"127.0.0.1:{other.Port},password=wrong", "refuses the user or the password");
    }

    [Fact]
    public async Task A_replica_is_named()
    {
        await using var other = await RedisServer.StartAsync("--replicaof", "127.0.0.1", "1");

        await AssertRefusedAsync($"127.0.0.1:{other.Port}", "is a read-only replica");
    }

    [Fact]
    public async Task A_full_memory_fails_what_finds_no_room_and_loses_nothing()
    {
        await using var other = await RedisServer.StartAsync("--maxmemory", "4mb", "--maxmemory-policy", "noeviction");
        await using var store = Open($"127.0.0.1:{other.Port}");
        await store.StartAsync(StartOf(N2), Stop);
        var written = new List<SessionRecord>();
        var refused = await Assert.ThrowsAsync<RedisServerException>(async () =>
        {
            while (written.Count < 20_000)
            {
                var record = NewRecord() with { State = new byte[2000] };
                await store.CommitAsync([new(record, 0) { Committer = N2, Events = [Event(record, 64)] }], Stop);
                written.Add(record);
            }
        });
        Assert.Contains("maxmemory", refused.Message, StringComparison.Ordinal);

        // There is room again.
        await using (var admin = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{other.Port},allowAdmin=true"))
        {
            await admin.GetServers()[0].ConfigSetAsync("maxmemory", 0);
        }

        Assert.Equal(written.Count, await store.CountAsync(default, Stop));
        Assert.NotNull(await store.LoadAsync(SessionRecordKey.OfId(written[^1].Id), Stop));
        var next = NewRecord();
        Assert.Equal(CommitStatus.Written, (await store.CommitAsync([new(next, 0) { Committer = N2 }], Stop))[0].Status);
    }

    [Fact]
    public async Task Keys_of_a_newer_major_version_are_refused()
    {
        await using (var connection = await ConnectionMultiplexer.ConnectAsync(await server.ConfigurationAsync()))
        {
            await connection.GetDatabase().HashSetAsync($"{{{_prefix}:0}}:clock", "major", 2);
        }

        await AssertRefusedAsync(await server.ConfigurationAsync(), "update SessionLifetime.Redis");
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_an_outage_and_no_mistake()
    {
        await using var store = Open("127.0.0.1:1,connectTimeout=500");

        await Assert.ThrowsAsync<RedisConnectionException>(async () => await store.StartAsync(StartOf(N2), Stop));
    }

    [Fact]
    public async Task A_server_of_a_cluster_keeps_the_contract_too()
    {
        await using var other = await RedisServer.StartAsync("--cluster-enabled", "yes");
        await using (var admin = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{other.Port},allowAdmin=true"))
        {
            await admin.GetServers()[0].ExecuteAsync("CLUSTER", "ADDSLOTSRANGE", 0, 16383);
        }

        await using var store = Open($"127.0.0.1:{other.Port}");
        await Eventually.IsAsync(() => IsUp(other.Port));
        await store.StartAsync(StartOf(N2), Stop);
        var records = Enumerable.Range(0, 50).Select(_ => NewRecord()).ToList();
        await store.CommitAsync(records.ConvertAll(static record => new SessionCommit(record, 0) { Committer = N2, Events = [Event(record, 64)] }), Stop);

        Assert.Equal(50, (await store.TakeEventsAsync(new(N2, 100, false), Stop)).Count);
        Assert.Equal(50, await store.CountAsync(new(User: "ada"), Stop));
        Assert.NotNull(await store.LoadAsync(SessionRecordKey.OfSecret(records[7].SecretHashes[1]), Stop));
    }

    internal override async ValueTask<ISessionBackingStore> OpenAsync() => Open(await server.ConfigurationAsync());

    private static bool IsUp(int port)
    {
        using var connection = ConnectionMultiplexer.Connect($"127.0.0.1:{port},allowAdmin=true");
        return connection.GetServers()[0].Execute("CLUSTER", "INFO").ToString()!.Contains("cluster_state:ok", StringComparison.Ordinal);
    }

    private RedisBackingStore Open(string configuration) =>
        new(RedisPlace.Of(ConfigurationOptions.Parse(configuration)), _prefix) { ClockOffset = () => Time.Offset };

    private async Task AssertRefusedAsync(string configuration, string message)
    {
        await using var store = Open(configuration);
        var refused = await Assert.ThrowsAsync<SessionStoreException>(async () => await store.StartAsync(StartOf(N2), Stop));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }
}
