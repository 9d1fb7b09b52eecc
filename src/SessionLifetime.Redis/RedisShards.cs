using StackExchange.Redis;

namespace SessionLifetime.Redis;

/// <summary>The keys: sixteen shards, each with a hash tag of its own, so that a cluster keeps its keys on one server.</summary>
internal sealed class RedisShards(RedisPlace place, string prefix, Func<TimeSpan> clockOffset)
{
    public const int Count = 16;

    private readonly string[] _bases = [.. Enumerable.Range(0, Count).Select(shard => $"{{{prefix}:{shard}}}:")];

    public IDatabase Database => place.Connection.GetDatabase();

    public RedisChannel Channel { get; } = RedisChannel.Literal(prefix + ":news");

    public static IEnumerable<int> All => Enumerable.Range(0, Count);

    /// <summary>The shard of a session's id, or of a token's or secret's hash.</summary>
    public static int Of(string text)
    {
        // FNV-1a: the same in every process.
        var hash = 2166136261;
        foreach (var one in text)
        {
            hash = (hash ^ one) * 16777619;
        }

        return (int)((hash ^ (hash >> 16)) % Count);
    }

    public RedisKey Key(int shard, string name) => _bases[shard] + name;

    /// <summary>The key of one thing in its own shard.</summary>
    public RedisKey KeyOf(string kind, string name) => Key(Of(name), kind + name);

    /// <summary>Runs a script on a shard. Its text is sent once to each server, later only its hash.</summary>
    public Task<RedisResult> RunAsync(string script, int shard, params RedisValue[] values) => Database.ScriptEvaluateAsync(
        script, [Key(shard, "clock")], [_bases[shard], clockOffset().Ticks, .. values]);
}
