using System.Diagnostics;

namespace SessionLifetime;

/// <summary>One call of one handler, from its start to its end or to its time limit.</summary>
internal sealed class WatchedCall(SessionEventQueue queue, int turn, SessionEvent raised, HandlerCall handler)
{
    private CancellationTokenSource? _cancellation;

    public SessionEventQueue Queue { get; } = queue;

    /// <summary>The queue's turn that this call is; whoever comes with an older one comes too late.</summary>
    public int Turn { get; } = turn;

    public SessionEvent Event { get; } = raised;

    public HandlerCall Handler { get; } = handler;

    public HandlerScope Scope { get; } = new(raised.Context.Session);

    public Activity? Span { get; set; }

    public long StartedAt { get; set; }

    /// <summary>Where the watch has it; null when it is not watched.</summary>
    public LinkedListNode<WatchedCall>? Node { get; set; }

    /// <summary>Cancelled when the call is abandoned. Made when a handler that takes one is called.</summary>
    public CancellationToken Token => (_cancellation ??= new()).Token;

    /// <summary>Tells the handler that nobody waits for it any more. What its own callbacks throw is its own.</summary>
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
