using System.Globalization;
using System.Runtime.CompilerServices;
using StackExchange.Redis;

namespace SessionLifetime.Redis;

/// <summary>Reads sessions, and writes commits and touches.</summary>
internal sealed class RedisSessions(RedisShards shards)
{
    private const int PageSize = 500;

    public async ValueTask<SessionRecord?> LoadAsync(SessionRecordKey key)
    {
        if (key.Id is { } id)
        {
            return await ReadAsync(id);
        }

        // Where a secret leads is a hint: the session knows its secrets.
        var hint = (string?)await shards.Database.StringGetAsync(shards.KeyOf("k:", key.SecretHash!));
        return hint is not null && await ReadAsync(hint) is { } record && record.SecretHashes.Contains(key.SecretHash, StringComparer.Ordinal) ? record : null;
    }

    public async ValueTask<IReadOnlyList<TouchResult>> TouchAsync(IReadOnlyList<SessionTouch> touches)
    {
        var results = new TouchResult[touches.Count];
        await Task.WhenAll(Enumerable.Range(0, touches.Count).GroupBy(index => RedisShards.Of(touches[index].Id)).Select(async group =>
        {
            var values = new List<RedisValue>();
            foreach (var touch in group.Select(index => touches[index]))
            {
                values.AddRange([touch.Id, touch.KnownVersion, RedisRows.Ticks(touch.DueAt)]);
                foreach (var stamp in (ReadOnlySpan<StampTouch?>)[touch.LastActivity, touch.LastSignal, touch.IdleReset, touch.LastArrival])
                {
                    values.AddRange([RedisRows.Ticks(stamp?.Age), RedisRows.Ticks(stamp?.At)]);
                }
            }

            var answers = (RedisResult[])(await shards.RunAsync(RedisScripts.Touch, group.Key, [.. values]))!;
            foreach (var (index, answer) in group.Zip(answers))
            {
                results[index] = Touched(touches[index].Id, answer);
            }
        }));
        return results;
    }

    public async ValueTask<IReadOnlyList<CommitAnswer>> CommitAsync(IReadOnlyList<SessionCommit> commits)
    {
        var answers = new CommitAnswer[commits.Count];
        await Task.WhenAll(Enumerable.Range(0, commits.Count).GroupBy(index => RedisShards.Of(commits[index].Next.Id)).Select(async group =>
        {
            int[] indexes = [.. group];
            var some = await CommitAsync(group.Key, Array.ConvertAll(indexes, index => commits[index]));
            for (var one = 0; one < indexes.Length; one++)
            {
                answers[indexes[one]] = some[one];
            }
        }));
        return answers;
    }

    public async ValueTask<IReadOnlyList<SessionRecord>> TakeDueAsync(DueRequest request)
    {
        // From another shard each time, so that none waits for the others.
        var (records, first) = (new List<SessionRecord>(), Random.Shared.Next(RedisShards.Count));
        for (var step = 0; step < RedisShards.Count && records.Count < request.Most; step++)
        {
            var answer = await shards.RunAsync(RedisScripts.TakeDue, (first + step) % RedisShards.Count, request.Most - records.Count, request.Hold.Ticks, request.Overdue.Ticks);
            records.AddRange(((RedisResult[])answer!).Select(static one => RedisRows.Record((string)one[0]!, RedisRows.Values(one[1]))).OfType<SessionRecord>());
        }

        return records;
    }

    public async IAsyncEnumerable<SessionRecord> ListAsync(SessionRecordFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var after = filter.After ?? ""; ;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var ids = await Task.WhenAll(RedisShards.All.Select(shard => shards.Database.SortedSetRangeByValueAsync(
                Group(shard, filter), after.Length == 0 ? default : after, default, Exclude.Start, Order.Ascending, 0, PageSize)));
            var page = ids.SelectMany(static some => some).Select(static id => (string)id!).Order(StringComparer.Ordinal).Take(PageSize).ToList();
            if (page.Count == 0)
            {
                yield break;
            }

            foreach (var record in await Task.WhenAll(page.Select(ReadAsync)))
            {
                if (record is { EndReason: null } && Means(filter.User, record.User) && Means(filter.BrowserId, record.BrowserId))
                {
                    yield return record;
                }
            }

            after = page[^1];
        }
    }

    public async ValueTask<long> CountAsync(SessionRecordFilter filter, CancellationToken cancellationToken)
    {
        if (filter is { User: not null, BrowserId: not null })
        {
            var count = 0L;
            await foreach (var _ in ListAsync(filter, cancellationToken))
            {
                count++;
            }

            return count;
        }

        var counts = await Task.WhenAll(RedisShards.All.Select(shard => string.IsNullOrEmpty(filter.After)
            ? shards.Database.SortedSetLengthAsync(Group(shard, filter))
            : shards.Database.SortedSetLengthByValueAsync(Group(shard, filter), filter.After, default, Exclude.Start)));
        return counts.Sum();
    }

    public async ValueTask<int> TrimAsync(TimeSpan endedBefore)
    {
        var removed = await Task.WhenAll(RedisShards.All.Select(async shard =>
        {
            var (count, kept) = (0, 0);
            for (var looked = PageSize; looked == PageSize;)
            {
                var answer = (RedisResult[])(await shards.RunAsync(RedisScripts.Trim, shard, endedBefore.Ticks, kept, PageSize))!;
                (looked, kept) = ((int)answer[0], kept + (int)answer[1]);
                var secrets = RedisRows.Values(answer[2]);
                count += secrets.Length;
                await ForgetAsync(secrets.Where(static some => !some.IsNull).SelectMany(static some => ((string)some!).Split(',')));
            }

            return count;
        }));
        return removed.Sum();
    }

    private async Task<SessionRecord?> ReadAsync(string id) => RedisRows.Record(id, await shards.Database.HashGetAsync(shards.KeyOf("s:", id), RedisRows.Fields));

    private static bool Means(string? asked, string? known) => asked is null || string.Equals(asked, known, StringComparison.Ordinal);

    private static TouchResult Touched(string id, RedisResult answer)
    {
        var moved = answer.Resp2Type == ResultType.Array ? (RedisResult[])answer! : null;
        var text = (string)(moved?[0] ?? answer)!;
        if (text.Length == 0)
        {
            return new(0, default, null);
        }

        var numbers = Array.ConvertAll(text.Split(' '), static number => long.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture));
        return new(
            numbers[0],
            new(new(numbers[1]), new(numbers[2]), new(numbers[3]), new(numbers[4])),
            moved is null ? null : RedisRows.Record(id, RedisRows.Values(moved[1])));
    }

    /// <summary>Commits to one shard. Where secrets lead is written before anybody is given them, and removed when the session has dropped them.</summary>
    private async Task<CommitAnswer[]> CommitAsync(int shard, SessionCommit[] commits)
    {
        var values = new List<RedisValue>(commits.Length * 32) { shards.Channel.ToString() };
        foreach (var commit in commits)
        {
            Add(values, commit);
        }

        // A new session's in the same round trip.
        var hints = RememberAsync(commits.Where(static commit => commit.ExpectedVersion == 0).SelectMany(static commit => HintsOf(commit.Next)));
        var deciding = shards.RunAsync(RedisScripts.Commit, shard, [.. values]);
        await hints;
        var rows = Array.ConvertAll((RedisResult[])(await deciding)!, static one => (RedisResult[])one!);
        var answers = new CommitAnswer[commits.Length];
        var (added, dropped) = (new List<(string Hash, string Id)>(), new List<string>());
        for (var index = 0; index < commits.Length; index++)
        {
            var (next, row) = (commits[index].Next, rows[index]);
            if (row.Length == 2)
            {
                var current = RedisRows.Record(next.Id, RedisRows.Values(row[1]));
                answers[index] = new((CommitStatus)(int)row[0], current);
                if (answers[index].Status == CommitStatus.Written)
                {
                    // By a call whose answer was lost: nobody knows how far it came.
                    added.AddRange(HintsOf(next));
                }

                continue;
            }

            TimeSpan Span(int field) => new((long)row[field]);
            answers[index] = new(CommitStatus.Written, next with { Version = (long)row[1], Stamps = new(Span(2), Span(3), Span(4), Span(5)) });
            var former = ((string)row[6]!).Split(',', StringSplitOptions.RemoveEmptyEntries);
            if (commits[index].ExpectedVersion > 0 && next.EndReason is null)
            {
                added.AddRange(HintsOf(next).Where(hint => !former.Contains(hint.Hash, StringComparer.Ordinal)));
            }

            // Only those that the session had: one of a refused commit may be good by another that was written meanwhile.
            dropped.AddRange(former.Except(next.SecretHashes, StringComparer.Ordinal));
        }

        await RememberAsync(added);
        await ForgetAsync(dropped);
        return answers;
    }

    private static IEnumerable<(string Hash, string Id)> HintsOf(SessionRecord record) => record.SecretHashes.Select(hash => (hash, record.Id));

    private static void Add(List<RedisValue> values, SessionCommit commit)
    {
        var (next, seen) = (commit.Next, commit.ExpectedStamps);
        values.AddRange(
        [
            23 + (commit.Events.Count * 3),
            next.Id, commit.ExpectedVersion, RedisRows.Ticks(commit.NotBefore), RedisRows.Ticks(commit.NotBeforeStoreTime), commit.Committer,
            RedisRows.Ticks(seen?.LastActivity), RedisRows.Ticks(seen?.LastSignal), RedisRows.Ticks(seen?.IdleReset), RedisRows.Ticks(seen?.LastArrival),
            string.Join(',', next.SecretHashes), next.Stamps.LastActivity.Ticks, next.Stamps.LastSignal.Ticks, next.Stamps.IdleReset.Ticks, next.Stamps.LastArrival.Ticks,
            RedisRows.Ticks(next.DueAt), RedisRows.Ticks(next.AbsoluteAt), next.BrowserId ?? "", RedisRows.User(next.User), next.Home ?? "",
            next.EndReason is { } reason ? (int)reason : RedisValue.EmptyString, RedisRows.Ticks(next.EndedAt), next.Writer, next.State,
        ]);
        foreach (var raised in commit.Events)
        {
            values.AddRange([raised.Sequence, raised.Kind, raised.Payload]);
        }
    }

    private async Task RememberAsync(IEnumerable<(string Hash, string Id)> hints) =>
        await Task.WhenAll(hints.Select(hint => shards.Database.StringSetAsync(shards.KeyOf("k:", hint.Hash), hint.Id)));

    private async Task ForgetAsync(IEnumerable<string> hashes) => await Task.WhenAll(hashes.Select(hash => shards.Database.KeyDeleteAsync(shards.KeyOf("k:", hash))));

    private RedisKey Group(int shard, SessionRecordFilter filter) =>
        filter.User is { } user ? shards.Key(shard, "u:+" + user)
        : filter.BrowserId is { } browser ? shards.Key(shard, "b:" + browser)
        : shards.Key(shard, "all");
}
