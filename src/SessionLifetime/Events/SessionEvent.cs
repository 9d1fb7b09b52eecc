namespace SessionLifetime;

/// <summary>One event on its way to its handlers.</summary>
internal sealed class SessionEvent(SessionEventKind kind, SessionEventContext context)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _done;
    private bool _isDone;

    public SessionEventKind Kind { get; } = kind;

    /// <summary>What handlers see. Replaced after a handler that failed, so that its late writes reach nobody.</summary>
    public SessionEventContext Context { get; set; } = context;

    /// <summary>Which raise of the timeout this is.</summary>
    public uint RaiseNumber { get; init; }

    /// <summary>Whether what it tells of has not happened yet; the queue's to read and write.</summary>
    public bool IsHeld { get; set; }

    /// <summary>Called once, after the last handler, before anybody who waits goes on. Never throws.</summary>
    public Func<SessionEvent, ValueTask>? Completed { get; init; }

    /// <summary>What the handlers that finished have said; false for other events.</summary>
    public bool Handled { get; private set; }

    /// <summary>Completes when the handlers have run.</summary>
    public Task Done
    {
        get
        {
            lock (_gate)
            {
                return _isDone ? Task.CompletedTask : (_done ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }
        }
    }

    /// <summary>A handler finished: what it said counts.</summary>
    public void Accept()
    {
        if (Context is SessionTimeoutContext timeout)
        {
            Handled = timeout.Handled;
        }
    }

    /// <summary>A handler threw or was abandoned: what it said does not count, and what it will say reaches nobody.</summary>
    public void Discard()
    {
        if (Context is SessionTimeoutContext timeout)
        {
            Context = timeout.Again(Handled);
        }
    }

    /// <summary>The handlers have run, or nobody wants to hear it.</summary>
    public async ValueTask CompleteAsync()
    {
        if (Completed is not null)
        {
            await Completed(this);
        }

        lock (_gate)
        {
            _isDone = true;
        }

        _done?.TrySetResult();
    }
}
