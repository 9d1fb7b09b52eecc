using System.Runtime.CompilerServices;

namespace SessionLifetime.Cluster.Tests.Simulation;

/// <summary>The store as one node reaches it. A step of the store is atomic, at a moment between the call and its answer.</summary>
internal sealed class NetworkStore(World world, Network network, ISessionBackingStore store, Mutant mutant, Action<string, object?> onStep) : ISessionBackingStore
{
    /// <summary>Whether this node reaches nobody.</summary>
    public bool IsCutOff { get; set; }

    /// <summary>When the first call was made since the latest answer that is not answered within the second for which a node waits; null for none.</summary>
    public TimeSpan? LostSince { get; private set; }

    public ValueTask<StoreStart> StartAsync(NodeStart node, CancellationToken cancellationToken) => CallAsync(() => store.StartAsync(node, default));

    public async ValueTask StopAsync(string node, CancellationToken cancellationToken) => await CallAsync(async () =>
    {
        await store.StopAsync(node, default);
        return true;
    });

    public ValueTask<HeartbeatAnswer> HeartbeatAsync(NodeHeartbeat beat, CancellationToken cancellationToken) => CallAsync(async () =>
    {
        onStep(beat.Node, beat);
        var answer = await store.HeartbeatAsync(beat, default);
        return answer with
        {
            Nodes = mutant == Mutant.NoWatermarks ? [.. answer.Nodes.Select(node => node with { Watermark = answer.Now.Service })] : answer.Nodes,
        };
    });

    public ValueTask<IReadOnlyList<TouchResult>> TouchAsync(IReadOnlyList<SessionTouch> touches, CancellationToken cancellationToken) =>
        CallAsync(
            () => store.TouchAsync(mutant == Mutant.LostTouches ? [.. touches.Select(static touch => new SessionTouch(touch.Id, touch.KnownVersion))] : touches, default),
            isWrite: true);

    public ValueTask<SessionRecord?> LoadAsync(SessionRecordKey key, CancellationToken cancellationToken) => CallAsync(() => store.LoadAsync(key, default));

    public ValueTask<IReadOnlyList<CommitAnswer>> CommitAsync(IReadOnlyList<SessionCommit> commits, CancellationToken cancellationToken) => CallAsync(
        async () =>
        {
            var answers = await store.CommitAsync(
                mutant == Mutant.NoStamps ? [.. commits.Select(static commit => commit with { ExpectedStamps = null })] : commits, default);
            for (var index = 0; index < commits.Count; index++)
            {
                if (answers[index] is { Status: CommitStatus.Written, Current.Writer: var writer } && writer == commits[index].Next.Writer)
                {
                    onStep(commits[index].Committer, answers[index].Current);
                }
            }

            return answers;
        },
        isWrite: true);

    public ValueTask<IReadOnlyList<SessionRecord>> TakeDueAsync(DueRequest request, CancellationToken cancellationToken) =>
        CallAsync(() => store.TakeDueAsync(request, default));

    public async IAsyncEnumerable<SessionRecord> ListAsync(SessionRecordFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var records = await CallAsync(async () =>
        {
            var list = new List<SessionRecord>();
            await foreach (var record in store.ListAsync(filter, default))
            {
                list.Add(record);
            }

            return list;
        });
        foreach (var record in records)
        {
            yield return record;
        }
    }

    public ValueTask<long> CountAsync(SessionRecordFilter filter, CancellationToken cancellationToken) => CallAsync(() => store.CountAsync(filter, default));

    public ValueTask<IReadOnlyList<OutboxEvent>> TakeEventsAsync(EventTake take, CancellationToken cancellationToken) =>
        CallAsync(() => store.TakeEventsAsync(mutant == Mutant.LostEvents ? take with { IncludeTaken = false } : take, default));

    public async ValueTask CompleteEventsAsync(IReadOnlyList<EventResult> results, CancellationToken cancellationToken) => await CallAsync(
        async () =>
        {
            await store.CompleteEventsAsync(results, default);
            return true;
        },
        isWrite: true);

    public async ValueTask PutTokenAsync(StoredToken token, CancellationToken cancellationToken) => await CallAsync(async () =>
    {
        await store.PutTokenAsync(token, default);
        return true;
    });

    public ValueTask<StoredToken?> TakeTokenAsync(string hash, bool isPeek, CancellationToken cancellationToken) =>
        CallAsync(() => store.TakeTokenAsync(hash, isPeek, default));

    public ValueTask<IReadOnlyList<StoredValue>> ReadValuesAsync(string id, CancellationToken cancellationToken) =>
        CallAsync(() => store.ReadValuesAsync(id, default));

    public ValueTask<IReadOnlyList<StoredValue>> WriteValuesAsync(string id, IReadOnlyList<ValueChange> changes, CancellationToken cancellationToken) =>
        CallAsync(() => store.WriteValuesAsync(id, changes, default));

    /// <summary>A listener that is deaf: news are for speed only.</summary>
    public async IAsyncEnumerable<SessionNotice> ListenAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        yield break;
    }

    public async ValueTask AskForHeartbeatsAsync(CancellationToken cancellationToken) => await CallAsync(async () =>
    {
        await store.AskForHeartbeatsAsync(default);
        return true;
    });

    public ValueTask<int> TrimAsync(TimeSpan endedBefore, CancellationToken cancellationToken) => CallAsync(() => store.TrimAsync(endedBefore, default));

    public ValueTask DisposeAsync() => default;

    private ValueTask<T> CallAsync<T>(Func<ValueTask<T>> step, bool isWrite = false)
    {
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var madeAt = world.Now;
        if (network.Delay() is not { } going || IsCutOff)
        {
            LostSince ??= madeAt;
            return new(answer.Task);
        }

        world.After(going, () =>
        {
            if (network.IsStoreDown)
            {
                LostSince ??= madeAt;
                return;
            }

            var done = step();
            Assert.True(done.IsCompleted, "A step of the reference store does not wait.");
            if (isWrite && network.Repeats() && network.Delay() is { } again)
            {
                world.After(again, () => _ = step().AsTask().IsCompleted);
            }

            if (network.Delay() is { } coming && !IsCutOff)
            {
                world.After(coming, () =>
                {
                    LostSince = world.Now - madeAt <= HistoryPlan.Flush ? null : LostSince ?? madeAt;
                    answer.TrySetResult(done.Result);
                });
            }
            else
            {
                LostSince ??= madeAt;
            }
        });
        return new(answer.Task);
    }
}
