using SessionLifetime.Scheduling;

namespace SessionLifetime.Http.Requests;

/// <summary>The queue of one session's serialized requests: first come, first served, one at a time.</summary>
internal sealed class SessionRequestQueue
{
    /// <summary>How many requests may wait: more than a browser opens connections for one page.</summary>
    public const int MaxWaiting = 100;

    private readonly Lock _lock = new();
    private readonly LinkedList<TaskCompletionSource> _waiting = new();
    private bool _isTaken;

    /// <summary>How many requests wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Takes the turn if it is free. The caller must end it by <see cref="PassOn"/>.</summary>
    public bool TryEnter()
    {
        lock (_lock)
        {
            return !_isTaken && (_isTaken = true);
        }
    }

    /// <summary>Takes the turn, or waits for it.</summary>
    /// <param name="limit">How long, from its making.</param>
    /// <param name="giveUp">Ends the wait.</param>
    /// <returns>Taken; missed where the queue is full or the time is up; given up because of <paramref name="giveUp"/>.</returns>
    public ValueTask<TurnResult> WaitAsync(TimeLimit limit, CancellationToken giveUp)
    {
        LinkedListNode<TaskCompletionSource> place;
        lock (_lock)
        {
            if (!_isTaken)
            {
                _isTaken = true;
                return new(TurnResult.Taken);
            }

            if (_waiting.Count == MaxWaiting)
            {
                return new(TurnResult.Missed);
            }

            place = _waiting.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        return WaitAsync(place, limit, giveUp);
    }

    /// <summary>Ends the turn: the next request gets it.</summary>
    public void PassOn()
    {
        lock (_lock)
        {
            if (_waiting.First is not { } next)
            {
                _isTaken = false;
                return;
            }

            _waiting.RemoveFirst();
            next.Value.SetResult();
        }
    }

    private async ValueTask<TurnResult> WaitAsync(LinkedListNode<TaskCompletionSource> place, TimeLimit limit, CancellationToken giveUp)
    {
        try
        {
            await Task.WhenAny(place.Value.Task, limit.Passed).WaitAsync(giveUp);
        }
        catch (OperationCanceledException)
        {
            // The turn may have been passed on to this request at the same moment.
        }

        lock (_lock)
        {
            if (place.List is null)
            {
                return TurnResult.Taken;
            }

            _waiting.Remove(place);
        }

        return giveUp.IsCancellationRequested ? TurnResult.GivenUp : TurnResult.Missed;
    }
}
