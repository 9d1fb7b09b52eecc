using SessionLifetime.Entries;

namespace SessionLifetime.Events;

/// <summary>One event on its way to its handlers.</summary>
internal sealed class SessionEvent(SessionEventKind kind, SessionEventContext context) : LinkedNode<SessionEvent>
{
    private static readonly TaskCompletionSource s_done = MakeDone();

    private TaskCompletionSource? _done;
    private int _isConcluded;

    public SessionEventKind Kind { get; } = kind;

    /// <summary>What handlers see. Replaced after a handler that failed, so that its late writes change nothing.</summary>
    public SessionEventContext Context { get; set; } = context;

    /// <summary>Which raise of the timeout this is.</summary>
    public uint RaiseNumber { get; init; }

    /// <summary>Whether what it tells of has not happened yet; the queue's to read and write.</summary>
    public bool IsHeld { get; set; }

    /// <summary>Called once, after the last handler, before <see cref="Done"/> completes. Never throws.</summary>
    public Func<SessionEvent, ValueTask>? Completed { get; init; }

    /// <summary>What the handlers that finished have said; false for other events.</summary>
    public bool Handled { get; private set; }

    /// <summary>Completes when the handlers have run.</summary>
    public Task Done
    {
        get
        {
            if (Volatile.Read(ref _done) is { } done)
            {
                return done.Task;
            }

            var made = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return (Interlocked.CompareExchange(ref _done, made, null) ?? made).Task;
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

    /// <summary>A handler threw or was abandoned: what it set does not count, nor what it sets later.</summary>
    public void Discard()
    {
        if (Context is SessionTimeoutContext timeout)
        {
            Context = timeout.Again(Handled);
        }
    }

    /// <summary>
    /// Completes an event whose handlers have waited for too long to start, so that nobody waits for them: they run later, and a timeout counts as what
    /// those have said that ran. The exit is not completed before its handlers have run: what its session owns is theirs until then.
    /// </summary>
    public void CompleteLate()
    {
        if (Kind != SessionEventKind.ApplicationExit)
        {
            Complete();
        }
    }

    /// <summary>Completes an event without handlers.</summary>
    public void Complete()
    {
        var completing = CompleteAsync();
        if (!completing.IsCompletedSuccessfully)
        {
            _ = completing.AsTask();
        }
    }

    /// <summary>The handlers have run.</summary>
    public ValueTask CompleteAsync()
    {
        if (Interlocked.Exchange(ref _isConcluded, 1) != 0)
        {
            return default;
        }

        var completing = Completed is null ? default : Completed(this);
        if (!completing.IsCompletedSuccessfully)
        {
            return AfterAsync(completing);
        }

        Finish();
        return default;

        async ValueTask AfterAsync(ValueTask completing)
        {
            await completing;
            Finish();
        }
    }

    /// <summary>Completes <see cref="Done"/>, whether it was asked for or not.</summary>
    private void Finish() => Interlocked.CompareExchange(ref _done, s_done, null)?.TrySetResult();

    private static TaskCompletionSource MakeDone()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }
}
