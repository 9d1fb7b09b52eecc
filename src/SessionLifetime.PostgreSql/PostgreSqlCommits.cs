using Npgsql;
using static SessionLifetime.PostgreSql.PostgreSqlRows;

namespace SessionLifetime.PostgreSql;

/// <summary>Commits and touches: batches as arrays, each decided on its own, one round trip.</summary>
internal sealed class PostgreSqlCommits(NpgsqlDataSource database, PostgreSqlStatements sql, string channel, Func<long> offset)
{
    /// <summary>So that the notice of a batch stays below the 8,000 bytes that PostgreSQL allows.</summary>
    public const int MostTogether = 256;

    public async ValueTask<IReadOnlyList<TouchResult>> TouchAsync(IReadOnlyList<SessionTouch> touches, CancellationToken cancellationToken)
    {
        if (touches.Count == 0)
        {
            return [];
        }

        T[] All<T>(Func<SessionTouch, T> read) => touches.Select(read).ToArray();
        var (ids, known) = (All(static touch => touch.Id), All(static touch => touch.KnownVersion));
        var stamps = new Dictionary<string, (long Version, SessionStamps Stamps)>(touches.Count, StringComparer.Ordinal);
        var moved = new Dictionary<string, SessionRecord>(StringComparer.Ordinal);
        await RunAsync(
            database,
            [
                (Command(sql.LockToTouch, [ids]), static _ => { }),
                (Command(
                    sql.Touch,
                    offset(), ids, known, All(static touch => touch.DueAt?.Ticks),
                    All(static touch => touch.LastActivity?.Age.Ticks), All(static touch => touch.LastActivity?.At?.Ticks),
                    All(static touch => touch.LastSignal?.Age.Ticks), All(static touch => touch.LastSignal?.At?.Ticks),
                    All(static touch => touch.IdleReset?.Age.Ticks), All(static touch => touch.IdleReset?.At?.Ticks),
                    All(static touch => touch.LastArrival?.Age.Ticks), All(static touch => touch.LastArrival?.At?.Ticks)), null),
                (Command(sql.Touched, [ids]), reader => stamps[reader.GetString(0)] = (reader.GetInt64(1), Stamps(reader, 2))),
                (Command(sql.Moved, ids, known), reader => moved[reader.GetString(0)] = Record(reader)),
            ],
            cancellationToken);
        return touches.Select(TouchResult (touch) =>
            moved.TryGetValue(touch.Id, out var record) ? new(record.Version, record.Stamps, record)
            : stamps.TryGetValue(touch.Id, out var now) ? new(now.Version, now.Stamps, null)
            : new(0, default, null)).ToList();
    }

    public async ValueTask<IReadOnlyList<CommitAnswer>> CommitAsync(IReadOnlyList<SessionCommit> commits, CancellationToken cancellationToken)
    {
        var answers = new List<CommitAnswer>(commits.Count);
        foreach (var some in commits.Chunk(MostTogether))
        {
            await CommitAsync(some, answers, cancellationToken);
        }

        return answers;
    }

    private async ValueTask CommitAsync(SessionCommit[] commits, List<CommitAnswer> answers, CancellationToken cancellationToken)
    {
        T[] All<T>(Func<SessionCommit, T> read) => commits.Select(read).ToArray();
        var (ids, writers) = (All(static commit => commit.Next.Id), All(static commit => commit.Next.Writer));
        var events = commits.SelectMany(static commit => commit.Events.Select(raised => (commit.Next.Id, Event: raised))).ToArray();
        var statuses = new Dictionary<string, CommitStatus>(StringComparer.Ordinal);
        var records = new Dictionary<string, SessionRecord>(StringComparer.Ordinal);
        await RunAsync(
            database,
            [
                (Command(sql.LockToCommit, [ids]), static _ => { }),
                (Command(
                    sql.Commit,
                    offset(), ids, All(static commit => commit.ExpectedVersion), All(static commit => string.Join(',', commit.Next.SecretHashes)),
                    All(static commit => commit.Next.Stamps.LastActivity.Ticks), All(static commit => commit.Next.Stamps.LastSignal.Ticks),
                    All(static commit => commit.Next.Stamps.IdleReset.Ticks), All(static commit => commit.Next.Stamps.LastArrival.Ticks),
                    All(static commit => commit.Next.DueAt?.Ticks), All(static commit => commit.Next.AbsoluteAt?.Ticks),
                    All(static commit => commit.Next.BrowserId), All(static commit => commit.Next.User), All(static commit => commit.Next.Home),
                    All(static commit => (int?)commit.Next.EndReason), All(static commit => commit.Next.EndedAt?.Ticks), writers,
                    All(static commit => commit.Next.State.ToArray()),
                    All(static commit => commit.ExpectedStamps?.LastActivity.Ticks), All(static commit => commit.ExpectedStamps?.LastSignal.Ticks),
                    All(static commit => commit.ExpectedStamps?.IdleReset.Ticks), All(static commit => commit.ExpectedStamps?.LastArrival.Ticks),
                    All(static commit => commit.NotBefore?.Ticks), All(static commit => commit.NotBeforeStoreTime?.Ticks), All(static commit => commit.Committer),
                    Array.ConvertAll(events, static one => one.Id), Array.ConvertAll(events, static one => one.Event.Sequence),
                    Array.ConvertAll(events, static one => one.Event.Kind), Array.ConvertAll(events, static one => one.Event.Payload.ToArray())),
                    reader => statuses[reader.GetString(0)] = (CommitStatus)reader.GetInt32(1)),
                (Command(sql.NotifyWritten, channel, ids, writers), static _ => { }),
                (Command(sql.LoadMany, [ids]), reader =>
                {
                    var record = Record(reader);
                    records[record.Id] = record;
                }),
            ],
            cancellationToken);
        foreach (var commit in commits)
        {
            var current = records.GetValueOrDefault(commit.Next.Id);

            // An earlier try of the same commit counts as written.
            var status = string.Equals(current?.Writer, commit.Next.Writer, StringComparison.Ordinal) ? CommitStatus.Written : statuses[commit.Next.Id];
            answers.Add(new(status, current));
        }
    }
}
