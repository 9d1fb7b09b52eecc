using System.Runtime.CompilerServices;

namespace SessionLifetime.Cluster.Tests.Storage;

/// <summary>Passes every call on, but its own end: a store that several servers share in a test outlives each of them. A test may stand before a call, or between it and its answer.</summary>
internal sealed class InterceptedStore(ISessionBackingStore store) : ISessionBackingStore
{
    public Func<string, object?, Task>? Before { get; set; }

    public Func<string, object?, Task>? After { get; set; }

    public ISessionBackingStore Inner { get; set; } = store;

    public ValueTask<StoreStart> StartAsync(NodeStart node, CancellationToken cancellationToken) => CallAsync("start", node, () => Inner.StartAsync(node, cancellationToken));

    public async ValueTask StopAsync(string node, CancellationToken cancellationToken) => await CallAsync("stop", node, async () =>
    {
        await Inner.StopAsync(node, cancellationToken);
        return true;
    });

    public ValueTask<HeartbeatAnswer> HeartbeatAsync(NodeHeartbeat beat, CancellationToken cancellationToken) => CallAsync("beat", beat, () => Inner.HeartbeatAsync(beat, cancellationToken));

    public ValueTask<IReadOnlyList<TouchResult>> TouchAsync(IReadOnlyList<SessionTouch> touches, CancellationToken cancellationToken) =>
        CallAsync("touch", touches, () => Inner.TouchAsync(touches, cancellationToken));

    public ValueTask<SessionRecord?> LoadAsync(SessionRecordKey key, CancellationToken cancellationToken) => CallAsync("load", key, () => Inner.LoadAsync(key, cancellationToken));

    public ValueTask<IReadOnlyList<CommitAnswer>> CommitAsync(IReadOnlyList<SessionCommit> commits, CancellationToken cancellationToken) =>
        CallAsync("commit", commits, () => Inner.CommitAsync(commits, cancellationToken));

    public ValueTask<IReadOnlyList<SessionRecord>> TakeDueAsync(DueRequest request, CancellationToken cancellationToken) => CallAsync("due", request, () => Inner.TakeDueAsync(request, cancellationToken));

    public async IAsyncEnumerable<SessionRecord> ListAsync(SessionRecordFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await (Before?.Invoke("list", filter) ?? Task.CompletedTask);
        await foreach (var record in Inner.ListAsync(filter, cancellationToken))
        {
            yield return record;
        }

        await (After?.Invoke("list", filter) ?? Task.CompletedTask);
    }

    public ValueTask<long> CountAsync(SessionRecordFilter filter, CancellationToken cancellationToken) => Inner.CountAsync(filter, cancellationToken);

    public ValueTask<IReadOnlyList<OutboxEvent>> TakeEventsAsync(EventTake take, CancellationToken cancellationToken) => CallAsync("take", take, () => Inner.TakeEventsAsync(take, cancellationToken));

    public async ValueTask CompleteEventsAsync(IReadOnlyList<EventResult> results, CancellationToken cancellationToken) => await CallAsync("complete", results, async () =>
    {
        await Inner.CompleteEventsAsync(results, cancellationToken);
        return true;
    });

    public async ValueTask PutTokenAsync(StoredToken token, CancellationToken cancellationToken) => await CallAsync("put", token, async () =>
    {
        await Inner.PutTokenAsync(token, cancellationToken);
        return true;
    });

    public ValueTask<StoredToken?> TakeTokenAsync(string hash, bool isPeek, CancellationToken cancellationToken) => Inner.TakeTokenAsync(hash, isPeek, cancellationToken);

    public ValueTask<IReadOnlyList<StoredValue>> ReadValuesAsync(string id, CancellationToken cancellationToken) => CallAsync("values", id, () => Inner.ReadValuesAsync(id, cancellationToken));

    public ValueTask<IReadOnlyList<StoredValue>> WriteValuesAsync(string id, IReadOnlyList<ValueChange> changes, CancellationToken cancellationToken) =>
        CallAsync("write", changes, () => Inner.WriteValuesAsync(id, changes, cancellationToken));

    public IAsyncEnumerable<SessionNotice> ListenAsync(CancellationToken cancellationToken) => Inner.ListenAsync(cancellationToken);

    public ValueTask AskForHeartbeatsAsync(CancellationToken cancellationToken) => Inner.AskForHeartbeatsAsync(cancellationToken);

    public ValueTask<int> TrimAsync(TimeSpan endedBefore, CancellationToken cancellationToken) => CallAsync("trim", endedBefore, () => Inner.TrimAsync(endedBefore, cancellationToken));

    public ValueTask DisposeAsync() => default;

    private async ValueTask<T> CallAsync<T>(string name, object? argument, Func<ValueTask<T>> call)
    {
        await (Before?.Invoke(name, argument) ?? Task.CompletedTask);
        var answer = await call();
        await (After?.Invoke(name, argument) ?? Task.CompletedTask);
        return answer;
    }
}
