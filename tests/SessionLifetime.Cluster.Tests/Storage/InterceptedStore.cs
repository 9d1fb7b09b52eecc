namespace SessionLifetime.Cluster.Tests.Storage;

/// <summary>Passes every call on; a test may stand before a call, or between it and its answer.</summary>
internal sealed class InterceptedStore(ISessionBackingStore store) : ISessionBackingStore
{
    public Func<string, object?, Task>? Before { get; set; }

    public Func<string, object?, Task>? After { get; set; }

    public ISessionBackingStore Inner { get; set; } = store;

    public ValueTask<StoreStart> StartAsync(NodeStart node, CancellationToken cancellationToken) => CallAsync("start", node, () => Inner.StartAsync(node, default));

    public async ValueTask StopAsync(string node, CancellationToken cancellationToken) => await CallAsync("stop", node, async () =>
    {
        await Inner.StopAsync(node, default);
        return true;
    });

    public ValueTask<HeartbeatAnswer> HeartbeatAsync(NodeHeartbeat beat, CancellationToken cancellationToken) => CallAsync("beat", beat, () => Inner.HeartbeatAsync(beat, default));

    public ValueTask<IReadOnlyList<TouchResult>> TouchAsync(IReadOnlyList<SessionTouch> touches, CancellationToken cancellationToken) =>
        CallAsync("touch", touches, () => Inner.TouchAsync(touches, default));

    public ValueTask<SessionRecord?> LoadAsync(SessionRecordKey key, CancellationToken cancellationToken) => CallAsync("load", key, () => Inner.LoadAsync(key, default));

    public ValueTask<IReadOnlyList<CommitAnswer>> CommitAsync(IReadOnlyList<SessionCommit> commits, CancellationToken cancellationToken) =>
        CallAsync("commit", commits, () => Inner.CommitAsync(commits, default));

    public ValueTask<IReadOnlyList<SessionRecord>> TakeDueAsync(DueRequest request, CancellationToken cancellationToken) => CallAsync("due", request, () => Inner.TakeDueAsync(request, default));

    public IAsyncEnumerable<SessionRecord> ListAsync(SessionRecordFilter filter, CancellationToken cancellationToken) => Inner.ListAsync(filter, cancellationToken);

    public ValueTask<long> CountAsync(SessionRecordFilter filter, CancellationToken cancellationToken) => Inner.CountAsync(filter, cancellationToken);

    public ValueTask<IReadOnlyList<OutboxEvent>> TakeEventsAsync(EventTake take, CancellationToken cancellationToken) => CallAsync("take", take, () => Inner.TakeEventsAsync(take, default));

    public async ValueTask CompleteEventsAsync(IReadOnlyList<EventResult> results, CancellationToken cancellationToken) => await CallAsync("complete", results, async () =>
    {
        await Inner.CompleteEventsAsync(results, default);
        return true;
    });

    public async ValueTask PutTokenAsync(StoredToken token, CancellationToken cancellationToken) => await CallAsync("put", token, async () =>
    {
        await Inner.PutTokenAsync(token, default);
        return true;
    });

    public ValueTask<StoredToken?> TakeTokenAsync(string hash, bool isPeek, CancellationToken cancellationToken) => Inner.TakeTokenAsync(hash, isPeek, cancellationToken);

    public ValueTask<IReadOnlyList<StoredValue>> ReadValuesAsync(string id, CancellationToken cancellationToken) => CallAsync("values", id, () => Inner.ReadValuesAsync(id, default));

    public ValueTask<IReadOnlyList<StoredValue>> WriteValuesAsync(string id, IReadOnlyList<ValueChange> changes, CancellationToken cancellationToken) =>
        CallAsync("write", changes, () => Inner.WriteValuesAsync(id, changes, default));

    public IAsyncEnumerable<SessionNotice> ListenAsync(CancellationToken cancellationToken) => Inner.ListenAsync(cancellationToken);

    public ValueTask AskForHeartbeatsAsync(CancellationToken cancellationToken) => Inner.AskForHeartbeatsAsync(cancellationToken);

    public ValueTask<int> TrimAsync(TimeSpan endedBefore, CancellationToken cancellationToken) => CallAsync("trim", endedBefore, () => Inner.TrimAsync(endedBefore, default));

    public ValueTask DisposeAsync() => default;

    private async ValueTask<T> CallAsync<T>(string name, object? argument, Func<ValueTask<T>> call)
    {
        await (Before?.Invoke(name, argument) ?? Task.CompletedTask);
        var answer = await call();
        await (After?.Invoke(name, argument) ?? Task.CompletedTask);
        return answer;
    }
}
