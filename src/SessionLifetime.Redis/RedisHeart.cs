using StackExchange.Redis;

namespace SessionLifetime.Redis;

/// <summary>
/// Heartbeats. The clocks and the nodes are the first shard's; the others are told in a second round trip, which brings their changes. Changes are numbered
/// in each shard; the cursor is the sum of the numbers, and this process remembers what it stood for.
/// </summary>
internal sealed class RedisHeart(RedisShards shards)
{
    private const int MostRemembered = 100;
    private const long Major = 1;

    private readonly Lock _lock = new();
    private readonly Dictionary<long, long[]> _numbers = [];
    private readonly Queue<long> _cursors = [];

    /// <summary>Runs the two steps of a heartbeat, a start, or an end.</summary>
    /// <param name="mode">beat, start or stop.</param>
    /// <param name="node">The node.</param>
    /// <param name="lead">For how long service time goes on.</param>
    /// <param name="liveFor">For how long the node is live.</param>
    /// <param name="watermark">What the node tells.</param>
    /// <param name="settings">The settings of a node that starts.</param>
    /// <param name="cursor">Up to where the node has read; null where it wants no changes.</param>
    public async ValueTask<HeartbeatAnswer> BeatAsync(
        string mode, string node, TimeSpan lead, TimeSpan liveFor, TimeSpan watermark, ReadOnlyMemory<byte> settings, long? cursor)
    {
        var told = (RedisResult[])(await shards.RunAsync(RedisScripts.Beat, 0, mode, node, lead.Ticks, liveFor.Ticks, watermark.Ticks, settings))!;
        if ((long)told[6] > Major)
        {
            throw new SessionStoreException(
                $"The keys in Redis are of version {(long)told[6]}, and this package knows version {Major}: update SessionLifetime.Redis, or name another prefix.");
        }

        var (now, nodes) = (new StoreTime(new((long)told[0]), new((long)told[1])), RedisRows.Values(told[8]));
        var since = Remembered(cursor);
        var answers = await Task.WhenAll(RedisShards.All.Select(shard => shards.RunAsync(
            RedisScripts.Sync, shard, [(RedisValue)told[2], (RedisValue)told[3], (RedisValue)told[4], (RedisValue)told[5], since is null ? (RedisValue)"+inf" : since[shard], .. nodes])));
        var (changes, numbers, living) = (new List<CommittedChange>(), new long[RedisShards.Count], 0L);
        for (var shard = 0; shard < RedisShards.Count; shard++)
        {
            var answer = (RedisResult[])answers[shard]!;
            numbers[shard] = (long)answer[0];
            living += (long)answer[1];
            changes.AddRange(((RedisResult[])answer[2]!).Select(static one => Change((RedisResult[])one!)));
        }

        return new(now, Live(nodes, RedisRows.Values(told[9]), now.Service), changes, Remember(numbers, cursor, since), living, (byte[])told[7]!);
    }

    private static CommittedChange Change(RedisResult[] change) => new((string)change[0]!, (long)change[1], (int)change[2] == 1, (int)change[3] == 1);

    private static List<LiveNode> Live(RedisValue[] nodes, RedisValue[] marks, TimeSpan now)
    {
        var live = nodes.Chunk(2).Where(node => (long)node[1] > now.Ticks).Select(static node => (string)node[0]!).ToHashSet(StringComparer.Ordinal);
        return marks.Chunk(2).Where(mark => live.Contains((string)mark[0]!)).Select(static mark => new LiveNode((string)mark[0]!, new((long)mark[1]))).ToList();
    }

    /// <summary>What a cursor stood for; nothing where another process, or a much older heartbeat, was given it: then all changes are told.</summary>
    private long[]? Remembered(long? cursor)
    {
        if (cursor is not { } known)
        {
            // Nobody asks.
            return null;
        }

        lock (_lock)
        {
            return _numbers.GetValueOrDefault(known) ?? new long[RedisShards.Count];
        }
    }

    private long Remember(long[] numbers, long? asked, long[]? since)
    {
        // A shard that lost changes is not made up for by those that went on: the store went back, and the cursor says so.
        var hasLost = since is not null && numbers.Zip(since).Any(static shard => shard.First < shard.Second);
        var cursor = hasLost ? Math.Min(numbers.Sum(), asked!.Value - 1) : numbers.Sum();
        lock (_lock)
        {
            if (hasLost)
            {
                _numbers.Remove(cursor);
            }

            if (_numbers.TryGetValue(cursor, out var known))
            {
                // Two that were read at once may have one sum: nothing is missed by the lower of each.
                _numbers[cursor] = [.. numbers.Zip(known, Math.Min)];
                return cursor;
            }

            _numbers.Add(cursor, numbers);
            _cursors.Enqueue(cursor);
            if (_cursors.Count > MostRemembered)
            {
                _numbers.Remove(_cursors.Dequeue());
            }
        }

        return cursor;
    }
}
