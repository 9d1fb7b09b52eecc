namespace SessionLifetime.Scheduling;

/// <summary>
/// What synchronous members have begun to write to a store: the answer of the request waits for it before it starts. From then on nobody waits but the end of
/// the request, which a connection may be days away from: what is written is forgotten, and what fails is its caller's to report.
/// </summary>
internal class PendingWrites
{
    private static readonly AsyncLocal<PendingWrites?> s_current = new();

    /// <summary>Null until there is one. Its own lock.</summary>
    private List<Task>? _writes;

    private volatile bool _hasStarted;

    /// <summary>How many are kept.</summary>
    public int Count
    {
        get
        {
            if (Volatile.Read(ref _writes) is not { } writes)
            {
                return 0;
            }

            lock (writes)
            {
                return writes.Count;
            }
        }
    }

    /// <summary>Whether nothing was begun, or it was written and forgotten.</summary>
    public bool IsEmpty => Volatile.Read(ref _writes) is null || Count == 0;

    /// <summary>Something is being written.</summary>
    /// <returns>False where nobody hears of a failure: outside of a request, and once its answer has started.</returns>
    public static bool TryAdd(Task write) => s_current.Value is { } writes && writes.Add(write);

    /// <summary>From now on what this request begins to write is collected here.</summary>
    public void Begin() => s_current.Value = this;

    /// <summary>The answer starts: waits for what was collected. What fails is thrown, once.</summary>
    public ValueTask AnswerStartsAsync()
    {
        var throws = !_hasStarted;
        _hasStarted = true;

        // Whoever adds one now either sees the answer started, or is seen here.
        Interlocked.MemoryBarrier();
        return WhenWrittenAsync(throws);
    }

    /// <summary>The answer is another one, because something failed: what else fails is not thrown.</summary>
    public void GiveUp() => _hasStarted = true;

    /// <summary>Waits for what was collected. What fails before the answer has started is thrown, once.</summary>
    public ValueTask WhenWrittenAsync() => WhenWrittenAsync(throws: !_hasStarted);

    private static async ValueTask WaitAsync(Task writing) => await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private ValueTask WhenWrittenAsync(bool throws)
    {
        if (Volatile.Read(ref _writes) is not { } writes)
        {
            return default;
        }

        Task writing;
        lock (writes)
        {
            if (writes.Count == 0)
            {
                return default;
            }

            writing = Task.WhenAll(writes);
            writes.Clear();
        }

        return throws ? new(writing) : WaitAsync(writing);
    }

    private bool Add(Task write)
    {
        var writes = Volatile.Read(ref _writes) ?? Interlocked.CompareExchange(ref _writes, [], null) ?? _writes!;
        lock (writes)
        {
            writes.Add(write);
            Interlocked.MemoryBarrier();
            var hasStarted = _hasStarted;
            writes.RemoveAll(one => one != write && (hasStarted ? one.IsCompleted : one.IsCompletedSuccessfully));
            return !hasStarted;
        }
    }
}
