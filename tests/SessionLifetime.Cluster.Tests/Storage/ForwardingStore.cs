namespace SessionLifetime.Cluster.Tests.Storage;

/// <summary>Passes every call on, but its own end: a store that several servers share in a test outlives each of them.</summary>
internal sealed class ForwardingStore(ISessionBackingStore store) : ISessionBackingStore
{
    public ValueTask<StoreStart> StartAsync(NodeStart node, CancellationToken cancellationToken) => store.StartAsync(node, cancellationToken);

    public ValueTask StopAsync(string node, CancellationToken cancellationToken) => store.StopAsync(node, cancellationToken);

    public ValueTask<HeartbeatAnswer> HeartbeatAsync(NodeHeartbeat beat, CancellationToken cancellationToken) => store.HeartbeatAsync(beat, cancellationToken);

    public ValueTask<IReadOnlyList<TouchResult>> TouchAsync(IReadOnlyList<SessionTouch> touches, CancellationToken cancellationToken) =>
        store.TouchAsync(touches, cancellationToken);

    public ValueTask<SessionRecord?> LoadAsync(SessionRecordKey key, CancellationToken cancellationToken) => store.LoadAsync(key, cancellationToken);

    /// <summary>Awaited before commits are passed on; null: nothing is.</summary>
    public Func<Task>? BeforeCommit { get; set; }

    public async ValueTask<IReadOnlyList<CommitAnswer>> CommitAsync(IReadOnlyList<SessionCommit> commits, CancellationToken cancellationToken)
    {
        await (BeforeCommit?.Invoke() ?? Task.CompletedTask);
        return await store.CommitAsync(commits, cancellationToken);
    }

    public ValueTask<IReadOnlyList<SessionRecord>> TakeDueAsync(DueRequest request, CancellationToken cancellationToken) =>
        store.TakeDueAsync(request, cancellationToken);

    public IAsyncEnumerable<SessionRecord> ListAsync(SessionRecordFilter filter, CancellationToken cancellationToken) => store.ListAsync(filter, cancellationToken);

    public ValueTask<long> CountAsync(SessionRecordFilter filter, CancellationToken cancellationToken) => store.CountAsync(filter, cancellationToken);

    public ValueTask<IReadOnlyList<OutboxEvent>> TakeEventsAsync(EventTake take, CancellationToken cancellationToken) =>
        store.TakeEventsAsync(take, cancellationToken);

    public ValueTask CompleteEventsAsync(IReadOnlyList<EventResult> results, CancellationToken cancellationToken) =>
        store.CompleteEventsAsync(results, cancellationToken);

    public ValueTask PutTokenAsync(StoredToken token, CancellationToken cancellationToken) => store.PutTokenAsync(token, cancellationToken);

    public ValueTask<StoredToken?> TakeTokenAsync(string hash, bool isPeek, CancellationToken cancellationToken) =>
        store.TakeTokenAsync(hash, isPeek, cancellationToken);

    public ValueTask<IReadOnlyList<StoredValue>> ReadValuesAsync(string id, CancellationToken cancellationToken) => store.ReadValuesAsync(id, cancellationToken);

    public ValueTask<IReadOnlyList<StoredValue>> WriteValuesAsync(string id, IReadOnlyList<ValueChange> changes, CancellationToken cancellationToken) =>
        store.WriteValuesAsync(id, changes, cancellationToken);

    public IAsyncEnumerable<SessionNotice> ListenAsync(CancellationToken cancellationToken) => store.ListenAsync(cancellationToken);

    public ValueTask AskForHeartbeatsAsync(CancellationToken cancellationToken) => store.AskForHeartbeatsAsync(cancellationToken);

    public ValueTask<int> TrimAsync(TimeSpan endedBefore, CancellationToken cancellationToken) => store.TrimAsync(endedBefore, cancellationToken);

    public ValueTask DisposeAsync() => default;
}
