using SessionLifetime.Entries;

namespace SessionLifetime.Events;

/// <summary>The waiting events of one session, and the pump that takes them to their handlers one after the other.</summary>
/// <remarks>
/// <para>
/// Life: made with the session's first event that has a handler. While anything waits, one pump runs on the scheduler; it stops when the
/// queue is empty, or when its first event is held. User code never runs inside the lock.
/// </para>
/// <para>
/// Order: an event is queued before its commit, held; it is released when the commit succeeded, and removed when it did not. As two commits
/// from the same state exclude each other, events stand in the order of their commits. The exit is queued after the last commit there is,
/// and closes the queue.
/// </para>
/// <para>
/// The race: a handler outlives its time limit, and may block the pump's thread. Every call has a number; when the watch abandons a call,
/// the number goes up and a new pump continues with the next handler. The old pump finds a higher number when it returns, and stops. So
/// handlers of one session never overlap, except with one that was abandoned.
/// </para>
/// <para>
/// A call for which there is no place waits in the watch, and its pump with it; the watch resumes it as work of its own. Who waits for the event goes
/// on after a while all the same.
/// </para>
/// <para>
/// Bounds: of more than <see cref="MaxWaiting"/> waiting page events the newest replaces the others; of as many timeouts the oldest, which
/// activity has overtaken, completes without its handlers.
/// </para>
/// </remarks>
internal sealed class SessionEventQueue(HandlerRunner runner) : IThreadPoolWorkItem
{
    /// <summary>The most events of one kind that wait: as many as a session keeps pages.</summary>
    public const int MaxWaiting = PageList.MaxPages;

    /// <summary>Stands for the queue of a session whose exit handlers have run.</summary>
    public static readonly object Over = new();

    private readonly Lock _lock = new();
    private IntrusiveList<SessionEvent> _waiting;
    private SessionEvent? _current;
    private HandlerCall[] _handlers = [];
    private int _next;
    private int _turn;
    private bool _isPumping;
    private bool _isOver;

    /// <summary>Whether no event waits, and no handler runs.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_lock)
            {
                return !_isPumping && _waiting.Count == 0;
            }
        }
    }

    /// <summary>Puts an event at the end. A held one waits for <see cref="Release"/> or <see cref="TakeOut"/>.</summary>
    /// <returns>The event to wait for; null when it comes after the exit, and is not told.</returns>
    public SessionEvent? Add(SessionEvent added, bool isHeld)
    {
        lock (_lock)
        {
            if (_isOver)
            {
                return null;
            }

            if (_waiting.Count >= MaxWaiting && TryMerge(added) is { } merged)
            {
                return merged;
            }

            added.IsHeld = isHeld;
            _isOver = added.Kind == SessionEventKind.ApplicationExit;
            _waiting.AddLast(added);
            StartPump();
            return added;
        }
    }

    /// <summary>What a held event tells of has happened.</summary>
    public void Release(SessionEvent held)
    {
        lock (_lock)
        {
            held.IsHeld = false;
            StartPump();
        }
    }

    /// <summary>What a held event tells of has not happened.</summary>
    public void TakeOut(SessionEvent held)
    {
        lock (_lock)
        {
            _waiting.Remove(held);
            StartPump();
        }
    }

    public void Execute() => Pump(Volatile.Read(ref _turn));

    /// <summary>Makes that call, and those that follow.</summary>
    public void Continue(HandlerInvocation call)
    {
        if (TryRun(call))
        {
            Pump(call.Turn);
        }
    }

    private void Pump(int turn)
    {
        while (TryNext(turn, out var call, out var completed))
        {
            if (completed is not null)
            {
                var completing = completed.CompleteAsync();
                if (!completing.IsCompletedSuccessfully)
                {
                    _ = ContinueAfterAsync(completing.AsTask());
                    return;
                }
            }
            else
            {
                turn = call!.Turn;
                if (!runner.Watch.TryBegin(call) || !TryRun(call))
                {
                    return;
                }
            }
        }
    }

    /// <summary>Makes a call. False when it goes on elsewhere, or was abandoned: then this pump is over.</summary>
    private bool TryRun(HandlerInvocation call)
    {
        var running = call.Start();
        if (running.IsCompleted)
        {
            return Finish(call, running.AsTask());
        }

        _ = FinishLaterAsync(call, running.AsTask());
        return false;
    }

    /// <summary>The call is past its limit: go on without it. False when it is over by itself.</summary>
    public bool TryAbandon(HandlerInvocation call)
    {
        lock (_lock)
        {
            if (call.Turn != _turn)
            {
                return false;
            }

            _turn++;
            call.Event.Discard();
        }

        call.Leave();
        runner.Scheduler.Queue(this);
        return true;
    }

    private void StartPump()
    {
        if (!_isPumping && _waiting.First is { IsHeld: false })
        {
            _isPumping = true;
            runner.Scheduler.Queue(this);
        }
    }

    private SessionEvent? TryMerge(SessionEvent added)
    {
        var same = _waiting.All().Where(waiting => waiting.Kind == added.Kind && !waiting.IsHeld).ToList();
        if (same.Count < MaxWaiting)
        {
            return null;
        }

        if (added.Kind is SessionEventKind.SessionTimeout)
        {
            _waiting.Remove(same[0]);
            same[0].Complete();
            return null;
        }

        same[^1].Context = added.Context;
        return same[^1];
    }

    /// <summary>The next handler of the current event, or, after the last one, the event to complete. False when nothing is left for this turn.</summary>
    private bool TryNext(int turn, out HandlerInvocation? call, out SessionEvent? completed)
    {
        call = null;
        completed = null;
        lock (_lock)
        {
            if (turn != _turn)
            {
                return false;
            }

            if (_current is null)
            {
                if (_waiting.First is not { IsHeld: false } first)
                {
                    _isPumping = false;
                    return false;
                }

                _waiting.Remove(first);
                _current = first;
                _handlers = runner.HandlersOf(_current.Kind);
                _next = 0;
            }

            if (_next < _handlers.Length)
            {
                call = new HandlerInvocation(this, runner, ++_turn, _current, _handlers[_next++]);
            }
            else
            {
                completed = _current;
                _current = null;
                if (_isOver && _waiting.Count == 0)
                {
                    completed.Context.Session.EventQueue = Over;
                }
            }

            return true;
        }
    }

    private async Task ContinueAfterAsync(Task completing)
    {
        await completing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        runner.Scheduler.Queue(this);
    }

    private async Task FinishLaterAsync(HandlerInvocation call, Task running)
    {
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (Finish(call, running))
        {
            runner.Scheduler.Queue(this);
        }
    }

    /// <summary>Takes note of how a call ended; false when it had been abandoned.</summary>
    private bool Finish(HandlerInvocation call, Task ended)
    {
        call.Leave();
        runner.Watch.End(call);
        var failure = ended.IsCompletedSuccessfully ? null : ended.Exception?.InnerException ?? new OperationCanceledException();
        lock (_lock)
        {
            if (call.Turn != _turn)
            {
                // Abandoned, and logged as such.
                call.Span?.Dispose();
                return false;
            }

            if (failure is null)
            {
                call.Event.Accept();
            }
            else
            {
                call.Event.Discard();
            }
        }

        call.Report(failure);
        return true;
    }
}
