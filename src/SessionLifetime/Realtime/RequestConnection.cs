using Microsoft.AspNetCore.Http;
using SessionLifetime.Sessions;

namespace SessionLifetime.Realtime;

/// <summary>A request that stays open and cannot be told anything: an event stream, a long poll. It is aborted.</summary>
internal sealed class RequestConnection(HttpContext context) : SessionConnection
{
    private readonly Lock _lock = new();
    private bool _isOver;

    public override void Close(SessionEndReason reason)
    {
        // Inside the lock, which the request's own end waits for: when that is over, the context is another request's, and that one would be
        // aborted. Servers do not wait for those who hear of an abort.
        lock (_lock)
        {
            if (!_isOver)
            {
                context.Abort();
            }
        }
    }

    /// <summary>There is nothing left to cut: closing it was that already.</summary>
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
