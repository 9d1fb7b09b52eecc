namespace SessionLifetime.Entries;

/// <summary>A lock to be awaited: in the order of arrival. Waiting holds no thread. Each shared session has one: it is small where nobody waits.</summary>
internal sealed class AsyncTurn
{
    private SpinGate _gate;
    private bool _isTaken;
    private Queue<TaskCompletionSource>? _waiting;

    /// <summary>Waits for the turn. Call <see cref="Leave"/> when done.</summary>
    public ValueTask EnterAsync()
    {
        _gate.Enter();
        try
        {
            if (!_isTaken)
            {
                _isTaken = true;
                return default;
            }

            var place = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            (_waiting ??= new()).Enqueue(place);
            return new(place.Task);
        }
        finally
        {
            _gate.Leave();
        }
    }

    /// <summary>Gives the turn to the next.</summary>
    public void Leave()
    {
        TaskCompletionSource? next = null;
        _gate.Enter();
        if (_waiting is null || !_waiting.TryDequeue(out next))
        {
            (_isTaken, _waiting) = (false, null);
        }

        _gate.Leave();
        next?.SetResult();
    }
}
