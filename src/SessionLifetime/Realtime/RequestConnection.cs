using Microsoft.AspNetCore.Http;
using SessionLifetime.Sessions;

namespace SessionLifetime.Realtime;

/// <summary>A request that stays open and cannot carry a close message: an event stream, a long poll. It is aborted.</summary>
internal sealed class RequestConnection(HttpContext context) : SessionConnection
{
    private readonly Lock _lock = new();
    private bool _isOver;

    public override void Close(SessionEndReason? reason)
    {
        // Inside the lock, for which Leave waits: once the request is over, the server reuses the context, and another request would be aborted. Abort
        // runs no callbacks of the app on this thread.
        lock (_lock)
        {
            if (!_isOver)
            {
                context.Abort();
            }
        }
    }

    /// <summary>Does nothing: closing has aborted the request already.</summary>
    public override void Abort()
    {
    }

    public override void Leave()
    {
        lock (_lock)
        {
            _isOver = true;
        }

        base.Leave();
    }
}
