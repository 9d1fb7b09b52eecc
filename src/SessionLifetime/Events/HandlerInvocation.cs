using System.Diagnostics;
using SessionLifetime.Diagnostics;

namespace SessionLifetime.Events;

/// <summary>
/// One call of one handler, from its start to its end or to its time limit. The code it runs can tell that it is inside: an exit from
/// there must not wait for itself. Work a handler leaves behind is inside no more once the call is over.
/// </summary>
/// <remarks>It and its queue name each other: the watch abandons a call, and the queue goes on without it.</remarks>
internal sealed class HandlerInvocation(SessionEventQueue queue, HandlerRunner runner, int turn, SessionEvent raised, HandlerCall handler) : WatchedCall, IThreadPoolWorkItem
{
    private static readonly AsyncLocal<HandlerInvocation?> s_current = new();

    private CancellationTokenSource? _cancellation;
    private volatile bool _isOver;

    /// <summary>The number of this call in its queue; a result with an older number is too late.</summary>
    public int Turn { get; } = turn;

    public SessionEvent Event { get; } = raised;

    public HandlerCall Handler { get; } = handler;

    public Activity? Span { get; private set; }

    /// <summary>Cancelled when the call is abandoned. Made when a handler that takes one is called.</summary>
    public CancellationToken Token => Handler.TakesToken ? (_cancellation ??= new()).Token : CancellationToken.None;

    /// <summary>Whether what runs here runs inside a handler call, of whatever session: two handlers that waited for each other's exits would wait for ever.</summary>
    public static bool IsInside => s_current.Value is { _isOver: false };

    public override bool IsUrgent => Event.Kind is SessionEventKind.SessionStarted or SessionEventKind.SessionResumed;

    /// <summary>Counts, logs and traces how the call ended.</summary>
    /// <param name="failure">What it threw; null when it completed.</param>
    public void Report(Exception? failure)
    {
        if (runner.Metrics.TimesHandlers)
        {
            runner.Metrics.HandlerRan(Event.Kind.ToString(), runner.Watch.Elapsed(this));
        }

        if (failure is not null)
        {
            Span?.SetStatus(ActivityStatusCode.Error, failure.GetType().Name);
            runner.Metrics.HandlerFailed("threw");
            runner.Logger.HandlerThrew(failure, Event.Kind.ToString(), Handler.Name, Event.Context.Session.Id);
        }

        Span?.Dispose();
    }

    /// <summary>Starts the handler on this thread. What it throws at once is the outcome of the task.</summary>
    public ValueTask Start()
    {
        if (SessionTracing.Source.HasListeners())
        {
            Span = SessionTracing.Source.StartActivity("SessionLifetime.Handler")?.SetTag("event", Event.Kind.ToString()).SetTag("handler", Handler.Name);
        }

        EnterThread();
        s_current.Value = this;
        try
        {
            return Handler.Start(runner.Surroundings, Event.Context, Token);
        }
        catch (Exception exception)
        {
            return ValueTask.FromException(exception);
        }
        finally
        {
            s_current.Value = null;
        }
    }

    public void Execute() => queue.Continue(this);

    public override void Resume() => runner.Scheduler.Queue(this);

    public override void OnLate() => runner.Scheduler.Post(static late => ((SessionEvent)late!).CompleteLate(), Event);

    public override bool TryAbandon()
    {
        var isAbandoned = queue.TryAbandon(this);
        if (isAbandoned)
        {
            LeaveThread();
        }

        return isAbandoned;
    }

    public override void ReportAbandoned()
    {
        runner.Metrics.HandlerFailed("abandoned");
        runner.Logger.HandlerAbandoned(Event.Kind.ToString(), Handler.Name, Event.Context.Session.Id, runner.Watch.Limit);
        runner.Scheduler.Post(static call => ((HandlerInvocation)call!).Cancel(), this);
    }

    /// <summary>It has ended, or is abandoned.</summary>
    public void Leave() => _isOver = true;

    /// <summary>Cancels the handler's token. What its callbacks throw is ignored: the handler is logged as abandoned already.</summary>
    public void Cancel()
    {
        try
        {
            _cancellation?.Cancel();
        }
        catch (AggregateException)
        {
            // The handler is logged as abandoned already.
        }
    }
}
