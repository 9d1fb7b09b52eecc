using SessionLifetime.Events;
using SessionLifetime.Sessions;

namespace SessionLifetime.Engine;

/// <summary>Disposes what one ended session owned, one object after the other, on the threads of handlers.</summary>
/// <remarks>
/// Disposing is the app's code, and may block its thread or never complete: the watch abandons it at its time limit, and the next object is disposed on
/// another thread. Each step has a number; a step with an older number is too late, and does not go on.
/// </remarks>
internal sealed class SessionDisposal(DisposalSurroundings surroundings, TabSession session) : IThreadPoolWorkItem
{
    private readonly Lock _lock = new();
    private IEnumerator<object>? _objects;
    private int _turn;
    private bool _isOver;

    public void Execute() => Run(Volatile.Read(ref _turn));

    private void Run(int turn)
    {
        while (Next(turn) is { } step)
        {
            turn = step.Turn;
            if (!surroundings.Watch.TryBegin(step) || !TryDispose(step))
            {
                return;
            }
        }
    }

    /// <summary>The next object; null after the last one, and for a step that was abandoned.</summary>
    private DisposalStep? Next(int turn)
    {
        lock (_lock)
        {
            if (turn != _turn || _isOver)
            {
                return null;
            }

            try
            {
                _objects ??= session.Owned.Close().GetEnumerator();
                if (_objects.MoveNext())
                {
                    return new DisposalStep(this, ++_turn, _objects.Current);
                }
            }
            catch (Exception exception)
            {
                // Of the scope: nobody awaits this.
                surroundings.Report(exception, "scope", session);
            }

            _isOver = true;
        }

        surroundings.OnDone(session);
        return null;
    }

    /// <summary>False when it completes later, or was abandoned.</summary>
    private bool TryDispose(DisposalStep step)
    {
        var disposing = step.Start();
        if (disposing.IsCompleted)
        {
            return Finish(step, disposing.AsTask());
        }

        _ = FinishLaterAsync(step, disposing.AsTask());
        return false;
    }

    private async Task FinishLaterAsync(DisposalStep step, Task disposing)
    {
        await disposing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (Finish(step, disposing))
        {
            surroundings.Scheduler.Queue(this);
        }
    }

    /// <summary>False when the step had been abandoned.</summary>
    private bool Finish(DisposalStep step, Task ended)
    {
        surroundings.Watch.End(step);
        lock (_lock)
        {
            if (step.Turn != _turn)
            {
                return false;
            }
        }

        if (!ended.IsCompletedSuccessfully)
        {
            surroundings.Report(ended.Exception?.InnerException ?? new OperationCanceledException(), step.Name, session);
        }

        return true;
    }

    private bool TryAbandon(DisposalStep step)
    {
        lock (_lock)
        {
            if (step.Turn != _turn)
            {
                return false;
            }

            _turn++;
        }

        surroundings.Scheduler.Queue(this);
        return true;
    }

    private void Resume(DisposalStep step) => surroundings.Scheduler.Queue(step);

    private void ReportAbandoned(DisposalStep step) => surroundings.Report(new TimeoutException(), step.Name, session);

    /// <summary>One object.</summary>
    private sealed class DisposalStep(SessionDisposal disposal, int turn, object owned) : WatchedCall, IThreadPoolWorkItem
    {
        public int Turn => turn;

        public string Name => owned.GetType().ToString();

        public ValueTask Start()
        {
            EnterThread();
            try
            {
                if (owned is IAsyncDisposable asynchronous)
                {
                    return asynchronous.DisposeAsync();
                }

                ((IDisposable)owned).Dispose();
                return default;
            }
            catch (Exception exception)
            {
                return ValueTask.FromException(exception);
            }
        }

        /// <summary>It has waited for its place, and has it.</summary>
        public void Execute()
        {
            if (disposal.TryDispose(this))
            {
                disposal.Run(turn);
            }
        }

        public override void Resume() => disposal.Resume(this);

        public override bool TryAbandon()
        {
            var isAbandoned = disposal.TryAbandon(this);
            if (isAbandoned)
            {
                LeaveThread();
            }

            return isAbandoned;
        }

        public override void ReportAbandoned() => disposal.ReportAbandoned(this);
    }
}
