using SessionLifetime.Entries;

namespace SessionLifetime.Events;

/// <summary>One event on its way to its handlers.</summary>
internal sealed class SessionEvent(SessionEventKind kind, SessionEventContext context) : LinkedNode<SessionEvent>
{
    private static readonly TaskCompletionSource s_done = MakeDone();

    private TaskCompletionSource? _done;

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

    /// <summary>A handler threw or was abandoned: what it said does not count, and what it will say reaches nobody.</summary>
    public void Discard()
    {
        if (Context is SessionTimeoutContext timeout)
        {
            Context = timeout.Again(Handled);
        }
    }

    /// <summary>Nobody wants to hear it, and nobody waits for more than <see cref="Done"/>.</summary>
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

    /// <summary>Nobody has waited so far, or somebody waits.</summary>
    private void Finish() => Interlocked.CompareExchange(ref _done, s_done, null)?.TrySetResult();

    private static TaskCompletionSource MakeDone()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }
}
