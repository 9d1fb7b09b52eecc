using System.Runtime.InteropServices;

namespace SessionLifetime.Events;

/// <summary>An event that stands in its queue and waits to hear whether what it tells of has happened.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct HeldEvent(SessionEvent raised, SessionEventQueue? queue)
{
    public SessionEvent Event { get; } = raised;

    /// <summary>It has happened: tell the handlers, if there are any.</summary>
    public void Release()
    {
        if (queue is null)
        {
            Event.Complete();
        }
        else
        {
            queue.Release(Event);
        }
    }

    /// <summary>It has not happened.</summary>
    public void TakeOut() => queue?.TakeOut(Event);
}
