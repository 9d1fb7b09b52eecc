namespace SessionLifetime.Scheduling;

/// <summary>
/// What synchronous members have begun to write to a store: the answer of the request waits for it before it starts. From then on nobody waits but the end of
/// the request, which a connection may be days away from: what is written is forgotten, and what fails is its caller's to report.
/// </summary>
internal sealed class PendingWrites
{
    private static readonly AsyncLocal<PendingWrites?> s_current = new();

    private readonly Lock _lock = new();
    private List<Task>? _writes;
    private bool _hasStarted;

    private PendingWrites()
    {
    }

    /// <summary>How many are kept.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _writes?.Count ?? 0;
            }
        }
    }

    /// <summary>Where what this request begins to write is collected; null where nothing is.</summary>
    public static PendingWrites? Current
    {
        get => s_current.Value;
        set => s_current.Value = value;
    }

    /// <summary>Whether nothing was begun, or it was written and forgotten.</summary>
    public bool IsEmpty => Volatile.Read(ref _writes) is null || Count == 0;

    /// <summary>From now on what this request begins to write is collected.</summary>
    public static PendingWrites Begin() => s_current.Value = new();

    /// <summary>Something is being written.</summary>
    /// <returns>False where nobody hears of a failure: outside of a request, and once its answer has started.</returns>
    public static bool TryAdd(Task write)
    {
        if (s_current.Value is not { } writes)
        {
            return false;
        }

        lock (writes._lock)
        {
            var kept = writes._writes ??= [];
            kept.RemoveAll(static one => one.IsCompletedSuccessfully);
            if (writes._hasStarted)
            {
                kept.RemoveAll(static one => one.IsCompleted);
            }

            kept.Add(write);
            return !writes._hasStarted;
        }
    }

    /// <summary>The answer starts: waits for what was collected. What fails is thrown, once.</summary>
    public ValueTask AnswerStartsAsync()
    {
        lock (_lock)
        {
            var writing = WhenWrittenAsync();
            _hasStarted = true;
            return writing;
        }
    }

    /// <summary>The answer is another one, because something failed: what else fails is not thrown.</summary>
    public void GiveUp()
    {
        lock (_lock)
        {
            _hasStarted = true;
        }
    }

    /// <summary>Waits for what was collected. What fails before the answer has started is thrown, once.</summary>
    public ValueTask WhenWrittenAsync()
    {
        lock (_lock)
        {
            if (_writes is not { Count: > 0 })
            {
                return default;
            }

            var writing = Task.WhenAll(_writes);
            _writes.Clear();
            return _hasStarted ? WaitAsync(writing) : new(writing);
        }
    }

    private static async ValueTask WaitAsync(Task writing) => await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
