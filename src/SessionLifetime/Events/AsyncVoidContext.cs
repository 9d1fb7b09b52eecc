using System.Runtime.ExceptionServices;
using SessionLifetime.Scheduling;

namespace SessionLifetime.Events;

/// <summary>
/// Makes a handler that returns nothing waitable although it may be <c>async void</c>. The compiler's <c>async void</c> builder reports
/// to the synchronization context it started on: that it started, that it completed, and, by posting a rethrow, that it threw. This is
/// that context. Continuations run where the scheduler posts them, on the thread pool in an app, with the context in place.
/// </summary>
internal sealed class AsyncVoidContext(IWorkScheduler scheduler) : SynchronizationContext
{
    /// <summary>Made when the handler has returned and something of it still runs.</summary>
    private TaskCompletionSource? _completed;
    private ExceptionDispatchInfo? _failure;
    private int _running = 1;

    /// <summary>Runs the handler; the task completes when it, and all that is <c>async void</c> in it, has.</summary>
    public static ValueTask Run<TState>(Action<TState> handler, TState state, IWorkScheduler scheduler)
    {
        var context = new AsyncVoidContext(scheduler);
        var outer = Current;
        SetSynchronizationContext(context);
        try
        {
            handler(state);
        }
        finally
        {
            SetSynchronizationContext(outer);
        }

        if (Volatile.Read(ref context._running) == 1)
        {
            context._failure?.Throw();
            return default;
        }

        context._completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        context.OperationCompleted();
        return new(context._completed.Task);
    }

    public override void OperationStarted() => Interlocked.Increment(ref _running);

    public override void OperationCompleted()
    {
        if (Interlocked.Decrement(ref _running) > 0)
        {
            return;
        }

        if (_failure is { } failure)
        {
            _completed!.TrySetException(failure.SourceException);
        }
        else
        {
            _completed!.TrySetResult();
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        // A rethrow of the builder is posted before it reports completion, so it must run before that is counted.
        Interlocked.Increment(ref _running);
        scheduler.Post(
            static work =>
            {
                var (context, callback, posted) = ((AsyncVoidContext, SendOrPostCallback, object?))work!;
                context.RunPosted(callback, posted);
            },
            (this, d, state));
    }

    public override void Send(SendOrPostCallback d, object? state) => d(state);

    public override SynchronizationContext CreateCopy() => this;

    private void RunPosted(SendOrPostCallback callback, object? state)
    {
        var outer = Current;
        SetSynchronizationContext(this);
        try
        {
            callback(state);
        }
        catch (Exception exception)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(exception), null);
        }
        finally
        {
            SetSynchronizationContext(outer);
            OperationCompleted();
        }
    }
}
