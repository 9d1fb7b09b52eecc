using SessionLifetime.Directories;
using SessionLifetime.Ids;
using SessionLifetime.Scheduling;

namespace SessionLifetime.Cluster;

/// <summary>Reads records. Of one key one read is under way, of all keys 128; an answer that took so long that it may be over is asked for again.</summary>
/// <param name="node">The node.</param>
/// <param name="gate">The way to the store.</param>
/// <param name="time">Measures how long a read may wait for its turn.</param>
internal sealed class RecordReader(NodeState node, StoreGate gate, TimeProvider time)
{
    private const int MostRunning = 128;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<SessionRecordKey, Task<SessionRecord?>> _running = [];
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private int _count;

    /// <summary>Reads a session, living or ended.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store did not answer, or too many reads wait already.</exception>
    public Task<SessionRecord?> LoadAsync(SessionRecordKey key)
    {
        var result = new TaskCompletionSource<SessionRecord?>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_running.TryGetValue(key, out var running))
            {
                return running;
            }

            _running.Add(key, result.Task);
        }

        _ = LoadAsync(key, result);
        return result.Task;
    }

    /// <inheritdoc cref="LoadAsync(SessionRecordKey)"/>
    public Task<SessionRecord?> LoadAsync(SessionId secret) => LoadAsync(SessionRecordKey.OfSecret(SecretHash.Of(secret)));

    /// <inheritdoc cref="LoadAsync(SessionRecordKey)"/>
    public Task<SessionRecord?> LoadAsync(PublicId id) => LoadAsync(SessionRecordKey.OfId(id.ToString()));

    /// <summary>Reads the living sessions that a filter means.</summary>
    public async IAsyncEnumerable<SessionRecord> ListAsync(SessionFilter filter, PublicId? after, int most)
    {
        var wanted = new SessionRecordFilter(StoreText.Keep(filter.User), filter.Browser?.ToString(), after?.ToString());
        var records = await gate.CallAsync("listing sessions", async (store, stop) =>
        {
            var list = new List<SessionRecord>();
            if (most > 0)
            {
                await foreach (var record in store.ListAsync(wanted, stop))
                {
                    list.Add(record);
                    if (list.Count == most)
                    {
                        break;
                    }
                }
            }

            return list;
        });
        foreach (var record in records)
        {
            yield return record;
        }
    }

    private async Task LoadAsync(SessionRecordKey key, TaskCompletionSource<SessionRecord?> result)
    {
        try
        {
            await EnterAsync();
            try
            {
                var (sent, record) = await ReadAsync(key);
                while (node.Clock.Since(sent) > node.Pace.Lease)
                {
                    (sent, record) = await ReadAsync(key);
                }

                Forget(key);
                result.SetResult(record);
            }
            finally
            {
                Leave();
            }
        }
        catch (Exception exception)
        {
            Forget(key);
            result.SetException(exception);
            _ = result.Task.Exception;
        }
    }

    private async ValueTask<(SendMoment Sent, SessionRecord? Record)> ReadAsync(SessionRecordKey key)
    {
        var sent = node.Clock.Send();
        return (sent, await gate.CallAsync("reading a session", (store, stop) => store.LoadAsync(key, stop)));
    }

    private void Forget(SessionRecordKey key)
    {
        lock (_lock)
        {
            _running.Remove(key);
        }
    }

    private async ValueTask EnterAsync()
    {
        TaskCompletionSource place;
        lock (_lock)
        {
            if (_count < MostRunning)
            {
                _count++;
                return;
            }

            place = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(place);
        }

        await TimedWait.ForAsync(place.Task, s_patience, time);
        if (place.TrySetCanceled())
        {
            throw new SessionStoreUnavailableException("Too many sessions are being read from the store at once.");
        }
    }

    private void Leave()
    {
        lock (_lock)
        {
            while (_waiting.TryDequeue(out var next))
            {
                if (next.TrySetResult())
                {
                    return;
                }
            }

            _count--;
        }
    }
}
