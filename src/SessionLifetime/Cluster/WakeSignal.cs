namespace SessionLifetime.Cluster;

/// <summary>Wakes one loop that pauses. A wake while nobody pauses ends the next pause at once.</summary>
internal sealed class WakeSignal
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends the pause.</summary>
    public void Set()
    {
        lock (_lock)
        {
            _woken.TrySetResult();
        }
    }

    /// <summary>Completes with the next <see cref="Set"/>, also one that came since the last pause.</summary>
    public Task Woken
    {
        get
        {
            lock (_lock)
            {
                return _woken.Task;
            }
        }
    }

    /// <summary>The pause is over: what comes from now on ends the next one.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            if (_woken.Task.IsCompleted)
            {
                _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
