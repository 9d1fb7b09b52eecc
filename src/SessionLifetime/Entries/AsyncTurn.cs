namespace SessionLifetime.Entries;

/// <summary>A lock to be awaited: in the order of arrival. Waiting holds no thread.</summary>
internal sealed class AsyncTurn
{
    private readonly Lock _lock = new();
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private bool _isTaken;

    /// <summary>Waits for the turn. Call <see cref="Leave"/> when done.</summary>
    public ValueTask EnterAsync()
    {
        lock (_lock)
        {
            if (!_isTaken)
            {
                _isTaken = true;
                return default;
            }

            var place = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(place);
            return new(place.Task);
        }
    }

    /// <summary>Gives the turn to the next.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            if (_waiting.TryDequeue(out var next))
            {
                next.SetResult();
            }
            else
            {
                _isTaken = false;
            }
        }
    }
}
