using System.Globalization;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using StackExchange.Redis;

namespace SessionLifetime.Redis;

/// <summary>Sessions in Redis: a hash a session, scripts for what has to be one step, sixteen shards.</summary>
internal sealed class RedisBackingStore : ISessionBackingStore
{
    private const string Beat = "beat";

    private readonly RedisPlace _place;
    private readonly RedisShards _shards;
    private readonly RedisHeart _heart;
    private readonly RedisSessions _sessions;
    private readonly CancellationTokenSource _disposed = new();

    /// <param name="place">The connection.</param>
    /// <param name="prefix">What all keys begin with.</param>
    public RedisBackingStore(RedisPlace place, string prefix)
    {
        (_place, _shards) = (place, new(place, prefix, () => ClockOffset()));
        (_heart, _sessions) = (new(_shards), new(_shards));
    }

    /// <summary>How far the clock of the server is ahead, for tests: they move it so.</summary>
    internal Func<TimeSpan> ClockOffset { get; init; } = static () => TimeSpan.Zero;

    public async ValueTask<StoreStart> StartAsync(NodeStart node, CancellationToken cancellationToken)
    {
        var warnings = await _place.PrepareAsync();
        try
        {
            var answer = await _heart.BeatAsync("start", node.Node, node.Lead, node.LiveFor, TimeSpan.Zero, node.Settings, cursor: null);
            return new(answer.Now, answer.Cursor, warnings);
        }
        catch (RedisException exception) when (RedisPlace.Explain(exception) is { } message)
        {
            throw new SessionStoreException(message, exception);
        }
    }

    public async ValueTask StopAsync(string node, CancellationToken cancellationToken) =>
        await _heart.BeatAsync("stop", node, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, default, cursor: null);

    public ValueTask<HeartbeatAnswer> HeartbeatAsync(NodeHeartbeat beat, CancellationToken cancellationToken) =>
        _heart.BeatAsync(Beat, beat.Node, beat.Lead, beat.LiveFor, beat.Watermark, default, beat.Cursor);

    public ValueTask<IReadOnlyList<TouchResult>> TouchAsync(IReadOnlyList<SessionTouch> touches, CancellationToken cancellationToken) => _sessions.TouchAsync(touches);

    public ValueTask<SessionRecord?> LoadAsync(SessionRecordKey key, CancellationToken cancellationToken) => _sessions.LoadAsync(key);

    public ValueTask<IReadOnlyList<CommitAnswer>> CommitAsync(IReadOnlyList<SessionCommit> commits, CancellationToken cancellationToken) => _sessions.CommitAsync(commits);

    public ValueTask<IReadOnlyList<SessionRecord>> TakeDueAsync(DueRequest request, CancellationToken cancellationToken) => _sessions.TakeDueAsync(request);

    public IAsyncEnumerable<SessionRecord> ListAsync(SessionRecordFilter filter, CancellationToken cancellationToken) => _sessions.ListAsync(filter, cancellationToken);

    public ValueTask<long> CountAsync(SessionRecordFilter filter, CancellationToken cancellationToken) => _sessions.CountAsync(filter, cancellationToken);

    public async ValueTask<IReadOnlyList<OutboxEvent>> TakeEventsAsync(EventTake take, CancellationToken cancellationToken)
    {
        var (events, first) = (new List<OutboxEvent>(), Random.Shared.Next(RedisShards.Count));

        // One that is no kind where none is wanted: none at all stands for all.
        RedisValue[] kinds = take.Kinds is null ? [] : ["", .. take.Kinds.Select(static kind => (RedisValue)kind)];
        var waiting = await Task.WhenAll(RedisShards.All.Select(shard => _shards.Database.SetLengthAsync(_shards.Key(shard, "owners"))));
        foreach (var shard in RedisShards.All.Select(step => (first + step) % RedisShards.Count).Where(shard => waiting[shard] > 0))
        {
            if (events.Count < take.Most)
            {
                var answer = await _shards.RunAsync(RedisEventScripts.TakeEvents, shard, [take.Node, take.Most - events.Count, take.IncludeTaken ? 1 : 0, .. kinds]);
                events.AddRange(((RedisResult[])answer!).Select(static one =>
                    new OutboxEvent((string)one[0]!, (long)one[1], (string)one[2]!, (byte[])one[3]!) { Attempt = (int)one[4] }));
            }
        }

        return events;
    }

    public async ValueTask CompleteEventsAsync(IReadOnlyList<EventResult> results, CancellationToken cancellationToken) => await Task.WhenAll(
        results.GroupBy(static result => RedisShards.Of(result.SessionId)).Select(group => _shards.RunAsync(
            RedisEventScripts.Complete,
            group.Key,
            [
                _shards.Channel.ToString(),
                .. group.SelectMany(static result => new RedisValue[] { result.SessionId, result.Sequence, result.Attempt, result.IsDelivered ? 1 : 0 }),
            ])));

    public async ValueTask PutTokenAsync(StoredToken token, CancellationToken cancellationToken) =>
        await _shards.RunAsync(RedisScripts.PutToken, RedisShards.Of(token.Hash), token.Hash, token.SessionId, token.ExpiresAt.Ticks, token.Data);

    public async ValueTask<StoredToken?> TakeTokenAsync(string hash, bool isPeek, CancellationToken cancellationToken)
    {
        var token = RedisRows.Values(await _shards.RunAsync(RedisScripts.TakeToken, RedisShards.Of(hash), hash, isPeek ? 1 : 0));
        return token.Length == 0 ? null : new(hash, (string)token[0]!, new((long)token[1]), (byte[])token[2]!);
    }

    public async ValueTask<IReadOnlyList<StoredValue>> ReadValuesAsync(string id, CancellationToken cancellationToken) =>
        Array.ConvertAll(await _shards.Database.HashGetAllAsync(_shards.KeyOf("v:", id)), static entry => RedisRows.Value((string)entry.Name!, (byte[])entry.Value!));

    public async ValueTask<IReadOnlyList<StoredValue>> WriteValuesAsync(string id, IReadOnlyList<ValueChange> changes, CancellationToken cancellationToken)
    {
        RedisValue[] values = [id, .. changes.SelectMany(static change => new RedisValue[]
        {
            change.Key,
            change.ExpectedVersion is { } version ? version : RedisValue.EmptyString,
            change.Data is { } data ? (byte[])[(byte)'+', .. data] : RedisValue.EmptyString,
        })];
        var against = (RedisResult[])(await _shards.RunAsync(RedisScripts.WriteValues, RedisShards.Of(id), values))!;
        return Array.ConvertAll(against, static one => RedisRows.Value((string)one[0]!, (byte[])one[1]!));
    }

    public async IAsyncEnumerable<SessionNotice> ListenAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposed.Token);
        var (notices, subscriber) = (Channel.CreateUnbounded<SessionNotice>(), _place.Connection.GetSubscriber());
        void Hear(RedisChannel channel, RedisValue text) => Write((string)text!, notices.Writer);
        await subscriber.SubscribeAsync(_shards.Channel, Hear);
        try
        {
            await foreach (var notice in notices.Reader.ReadAllAsync(stop.Token))
            {
                yield return notice;
            }
        }
        finally
        {
            await subscriber.UnsubscribeAsync(_shards.Channel, Hear, CommandFlags.FireAndForget);
        }
    }

    public async ValueTask AskForHeartbeatsAsync(CancellationToken cancellationToken) => await _shards.Database.PublishAsync(_shards.Channel, Beat);

    public ValueTask<int> TrimAsync(TimeSpan endedBefore, CancellationToken cancellationToken) => _sessions.TrimAsync(endedBefore);

    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        await _place.DisposeAsync();
    }

    private static void Write(string text, ChannelWriter<SessionNotice> notices)
    {
        if (string.Equals(text, Beat, StringComparison.Ordinal))
        {
            notices.TryWrite(new(Change: null));
            return;
        }

        foreach (var change in text.Split(' '))
        {
            if (change.Split(':') is [var id, var version, [var ended, var told]]
                && long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                notices.TryWrite(new(new CommittedChange(id, number, ended == '1', told == '1')));
            }
        }
    }
}
