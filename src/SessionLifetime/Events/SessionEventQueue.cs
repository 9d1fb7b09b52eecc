using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace SessionLifetime;

/// <summary>
/// The waiting events of one session, and the pump that takes them to their handlers one after the other.
/// </summary>
/// <remarks>
/// <para>
/// Life: made with the session's first event that somebody wants. While anything waits, one pump runs as a thread-pool work item (or as
/// the continuation of a handler that went asynchronous); it parks when the queue is empty. User code never runs inside the lock.
/// </para>
/// <para>
/// The race that matters: a handler that outlives its time limit, perhaps blocking the pump's own thread. The watch then calls
/// <see cref="Abandon"/>, which takes the pump away from it: the turn number goes up, and a new pump continues with the next handler. The
/// old one finds its turn over when it comes back, and leaves without a trace. So handlers of one session never overlap, except with one
/// that was abandoned.
/// </para>
/// <para>
/// Bounded: more than <see cref="MaxWaiting"/> waiting events of a kind are merged into the last. Exits occur once by nature.
/// </para>
/// </remarks>
internal sealed class SessionEventQueue(SessionEventDispatcher dispatcher) : IThreadPoolWorkItem
{
    /// <summary>The most events of one kind that wait: as many as a session keeps pages.</summary>
    public const int MaxWaiting = SessionPages.MaxPages;

    private readonly Lock _lock = new();
    private readonly LinkedList<SessionEvent> _waiting = new();
    private SessionEvent? _current;
    private HandlerCall[] _handlers = [];
    private int _next;
    private int _turn;
    private bool _isPumping;
    private CancellationTokenSource? _cancellation;

    public SessionEvent Add(SessionEvent added)
    {
        lock (_lock)
        {
            if (TryMerge(added, out var waiting))
            {
                return waiting;
            }

            _waiting.AddLast(added);
            if (_isPumping)
            {
                return added;
            }

            _isPumping = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        return added;
    }

    public void Execute() => Pump(Volatile.Read(ref _turn));

    /// <summary>The running handler is past its limit: go on without it.</summary>
    public void Abandon(int turn)
    {
        CancellationTokenSource? cancellation;
        SessionEvent current;
        string handler;
        lock (_lock)
        {
            if (turn != _turn || _current is null)
            {
                return;
            }

            _turn++;
            current = _current;
            current.Discard();
            handler = _handlers[_next - 1].Name;
            cancellation = _cancellation;
            _cancellation = null;
        }

        dispatcher.Metrics.HandlerFailed("abandoned");
        dispatcher.Logger.HandlerAbandoned(current.Kind.ToString(), handler, current.Context.Session.Id, dispatcher.Watch.Limit);

        // First the others go on: whatever the abandoned handler registered on its token is user code, too.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        ThreadPool.UnsafeQueueUserWorkItem(static source => Cancel(source), cancellation, preferLocal: false);
    }

    private static void Cancel(CancellationTokenSource? cancellation)
    {
        try
        {
            cancellation?.Cancel();
        }
        catch (AggregateException)
        {
            // Thrown by callbacks of a handler that is logged as abandoned already.
        }
    }

    private bool TryMerge(SessionEvent added, [NotNullWhen(true)] out SessionEvent? merged)
    {
        merged = null;
        if (_waiting.Count < MaxWaiting || added.Kind == SessionEventKind.ApplicationExit)
        {
            return false;
        }

        var same = 0;
        foreach (var waiting in _waiting)
        {
            if (waiting.Kind == added.Kind)
            {
                same++;
                merged = waiting;
            }
        }

        if (same < MaxWaiting)
        {
            return false;
        }

        merged!.TakeOver(added);
        return true;
    }

    private void Pump(int turn)
    {
        while (TryNext(turn, out var handler, out var completed))
        {
            if (completed is not null)
            {
                var completing = completed.CompleteAsync();
                if (!completing.IsCompletedSuccessfully)
                {
                    _ = PumpAfterAsync(turn, completing);
                    return;
                }

                continue;
            }

            var current = _current!;
            var watched = dispatcher.Watch.Begin(this, turn);
            var span = SessionTracing.Source.StartActivity("SessionLifetime.Handler");
            span?.SetTag("event", current.Kind.ToString()).SetTag("handler", handler.Name);
            ValueTask call;
            HandlerScope.Enter(current.Context.Session);
            try
            {
                call = handler.Start(dispatcher, current.Context, _cancellation!.Token);
            }
            catch (Exception exception)
            {
                call = ValueTask.FromException(exception);
            }
            finally
            {
                HandlerScope.Leave();
            }

            if (!call.IsCompleted)
            {
                _ = FinishLaterAsync(turn, current, handler, watched, span, call);
                return;
            }

            if (!Finish(turn, current, handler, watched, span, call.AsTask()))
            {
                return;
            }
        }
    }

    private async Task PumpAfterAsync(int turn, ValueTask completing)
    {
        await completing;
        Pump(turn);
    }

    private async Task FinishLaterAsync(
        int turn,
        SessionEvent current,
        HandlerCall handler,
        LinkedListNode<(SessionEventQueue Queue, int Turn, long StartedAt)> watched,
        Activity? span,
        ValueTask call)
    {
        var task = call.AsTask();
        await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        if (Finish(turn, current, handler, watched, span, task))
        {
            Pump(turn);
        }
    }

    /// <summary>
    /// Takes the next step: a handler of the current event, or, after the last one, the event to complete. False when there is nothing
    /// left, or not for this turn.
    /// </summary>
    private bool TryNext(int turn, out HandlerCall handler, out SessionEvent? completed)
    {
        handler = default;
        completed = null;
        lock (_lock)
        {
            if (turn != _turn)
            {
                return false;
            }

            if (_current is null)
            {
                if (_waiting.First is not { } first)
                {
                    _isPumping = false;
                    return false;
                }

                _waiting.RemoveFirst();
                _current = first.Value;
                _handlers = dispatcher.HandlersOf(_current.Kind);
                _next = 0;
            }

            if (_next < _handlers.Length)
            {
                handler = _handlers[_next++];
                _cancellation ??= new();
            }
            else
            {
                completed = _current;
                _current = null;
            }

            return true;
        }
    }

    /// <summary>Takes note of how a call ended; false when it had been abandoned.</summary>
    private bool Finish(
        int turn,
        SessionEvent current,
        HandlerCall handler,
        LinkedListNode<(SessionEventQueue Queue, int Turn, long StartedAt)> watched,
        Activity? span,
        Task call)
    {
        var duration = dispatcher.Watch.End(watched);
        lock (_lock)
        {
            if (turn != _turn)
            {
                // Abandoned, and logged as such; what it threw since is of no use to anybody.
                _ = call.Exception;
                span?.Dispose();
                return false;
            }

            if (call.IsCompletedSuccessfully)
            {
                current.Accept();
            }
            else
            {
                current.Discard();
            }
        }

        if (dispatcher.Metrics.TimesHandlers)
        {
            dispatcher.Metrics.HandlerRan(current.Kind.ToString(), duration);
        }

        if (!call.IsCompletedSuccessfully)
        {
            var exception = call.Exception?.InnerException ?? new OperationCanceledException();
            span?.SetStatus(ActivityStatusCode.Error, exception.GetType().Name);
            dispatcher.Metrics.HandlerFailed("threw");
            dispatcher.Logger.HandlerThrew(exception, current.Kind.ToString(), handler.Name, current.Context.Session.Id);
        }

        span?.Dispose();
        return true;
    }
}
