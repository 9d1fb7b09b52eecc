using Microsoft.AspNetCore.Http;

namespace SessionLifetime;

/// <summary>A request that stays open and cannot be told anything: an event stream, a long poll. It is aborted.</summary>
internal sealed class RequestConnection(HttpContext context) : SessionConnection
{
    private readonly Lock _lock = new();
    private bool _isOver;

    public override void Close(SessionEndReason reason)
    {
        lock (_lock)
        {
            // A context is used for the next request when this one is done.
            if (!_isOver)
            {
                context.Abort();
            }
        }
    }

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
