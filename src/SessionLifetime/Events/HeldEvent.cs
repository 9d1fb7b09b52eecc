using System.Runtime.InteropServices;

namespace SessionLifetime;

/// <summary>An event that stands in its queue and waits to hear whether what it tells of has happened.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct HeldEvent(SessionEvent raised, SessionEventQueue? queue)
{
    public SessionEvent Event { get; } = raised;

    /// <summary>It has happened: tell the handlers. With nobody to hear it, it is complete at once.</summary>
    public ValueTask ReleaseAsync()
    {
        if (queue is null)
        {
            return Event.CompleteAsync();
        }

        queue.Release(Event);
        return default;
    }

    /// <summary>It has not happened.</summary>
    public void TakeOut() => queue?.TakeOut(Event);
}
