using System.Runtime.CompilerServices;
using System.Threading.Channels;
using SessionLifetime.Storage;

namespace SessionLifetime.Tests.Storage;

/// <summary>The reference store: what every backing store has to do, in a dictionary under one lock.</summary>
internal sealed class MemoryBackingStore(TimeProvider time) : ISessionBackingStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SessionRecord> _records = new(StringComparer.Ordinal);
    private readonly List<Channel<SessionNotice>> _listeners = [];
    private readonly long _origin = time.GetTimestamp();

    /// <summary>Set to make every call fail.</summary>
    public bool IsAway { get; set; }

    /// <summary>How many calls there were, by name.</summary>
    public Dictionary<string, int> Calls { get; } = new(StringComparer.Ordinal);

    /// <summary>Runs before a commit is looked at: for what happens in between.</summary>
    public Func<SessionCommit, Task>? BeforeCommit { get; set; }

    private TimeSpan Now => time.GetElapsedTime(_origin) + TimeSpan.FromDays(1);

    public ValueTask<StoreStart> StartAsync(CancellationToken cancellationToken) => new(new StoreStart(Now));

    public ValueTask<SessionRecord?> LoadAsync(SessionKey key, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count(nameof(LoadAsync));
            return new(key.Id is { } id
                ? _records.GetValueOrDefault(id)
                : _records.Values.FirstOrDefault(record => record.Secrets.Any(secret => secret.Hash == key.SecretHash)));
        }
    }

    public async ValueTask<CommitAnswer> CommitAsync(SessionCommit commit, CancellationToken cancellationToken)
    {
        if (BeforeCommit is { } before)
        {
            await before(commit);
        }

        lock (_lock)
        {
            Count(nameof(CommitAsync));
            var current = _records.GetValueOrDefault(commit.Next.Id);
            var isAsExpected = current is null ? commit.ExpectedVersion == 0
                : current.Version == commit.ExpectedVersion
                    && current.EndReason is null
                    && (commit.ExpectedStamps is not { } stamps || current.Stamps.IsCoveredBy(stamps));
            if (!isAsExpected)
            {
                return new(false, current);
            }

            var written = commit.Next with
            {
                Version = commit.ExpectedVersion + 1,
                Stamps = current is null ? commit.Next.Stamps : current.Stamps.Later(commit.Next.Stamps),
            };
            _records[written.Id] = written;
            foreach (var listener in _listeners)
            {
                listener.Writer.TryWrite(new(written.Id, written.Version, written.EndReason is not null));
            }

            return new(true, written);
        }
    }

    public ValueTask<IReadOnlyList<SessionRecord>> TouchAsync(ReadOnlyMemory<SessionTouch> touches, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count(nameof(TouchAsync));
            var moved = new List<SessionRecord>();
            foreach (var touch in touches.Span)
            {
                if (_records.TryGetValue(touch.Id, out var record))
                {
                    if (record.EndReason is null)
                    {
                        // A deadline that another commit brought nearer stays.
                        var due = record.Version == touch.KnownVersion ? touch.DueAt : record.DueAt;
                        record = _records[touch.Id] = record with { Stamps = record.Stamps.Later(touch.Stamps), DueAt = due };
                    }

                    if (record.EndReason is not null || record.Version != touch.KnownVersion)
                    {
                        moved.Add(record);
                    }
                }
            }

            return new(moved);
        }
    }

    public ValueTask<IReadOnlyList<SessionRecord>> TakeDueAsync(DueRequest request, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count(nameof(TakeDueAsync));
            return new(Living()
                .Where(record => record.DueAt <= request.By && (request.After is null || string.CompareOrdinal(record.Id, request.After) > 0))
                .Take(request.Most)
                .ToList());
        }
    }

    public async IAsyncEnumerable<SessionRecord> ListAsync(SessionRecordFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var record in Matching(filter))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return record;
        }
    }

    public ValueTask<long> CountAsync(SessionRecordFilter filter, CancellationToken cancellationToken) => new(Matching(filter).Count);

    public IAsyncEnumerable<SessionNotice> ListenAsync(CancellationToken cancellationToken)
    {
        var channel = Channel.CreateUnbounded<SessionNotice>();
        lock (_lock)
        {
            _listeners.Add(channel);
        }

        return channel.Reader.ReadAllAsync(cancellationToken);
    }

    public ValueTask<int> TrimAsync(TimeSpan endedBefore, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Count(nameof(TrimAsync));
            var old = _records.Values.Where(record => record.EndedAt < endedBefore).Select(static record => record.Id).ToList();
            old.ForEach(id => _records.Remove(id));
            return new(old.Count);
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _listeners.ForEach(static listener => listener.Writer.TryComplete());
        }

        return default;
    }

    private IEnumerable<SessionRecord> Living() =>
        _records.Values.Where(static record => record.EndReason is null).OrderBy(static record => record.Id, StringComparer.Ordinal);

    private List<SessionRecord> Matching(SessionRecordFilter filter)
    {
        lock (_lock)
        {
            Count(nameof(ListAsync));
            return Living()
                .Where(record => (filter.User is null || record.User == filter.User) && (filter.BrowserId is null || record.BrowserId == filter.BrowserId))
                .ToList();
        }
    }

    private void Count(string call)
    {
        if (IsAway)
        {
            throw new IOException("The store is away.");
        }

        Calls[call] = Calls.GetValueOrDefault(call) + 1;
    }
}
