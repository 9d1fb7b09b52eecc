namespace SessionLifetime.Engine;

/// <summary>Counts work that was begun and is not done yet, so that a stopping server can wait for it.</summary>
internal sealed class PendingWork
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _none;
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public void Begin() => Interlocked.Increment(ref _count);

    public void Done()
    {
        if (Interlocked.Decrement(ref _count) == 0)
        {
            lock (_lock)
            {
                _none?.TrySetResult();
                _none = null;
            }
        }
    }

    /// <summary>Completes when there was a moment without any.</summary>
    public Task WhenNoneAsync()
    {
        lock (_lock)
        {
            _none ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            var none = _none.Task;
            if (Count == 0)
            {
                _none.TrySetResult();
                _none = null;
            }

            return none;
        }
    }
}
