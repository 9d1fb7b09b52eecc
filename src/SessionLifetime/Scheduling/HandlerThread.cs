namespace SessionLifetime.Scheduling;

/// <summary>
/// A thread on which handlers start, as whoever abandons a call sees it. A call that blocks its thread is abandoned together with that
/// thread, which from then on does not count, and ends when the call lets it go.
/// </summary>
/// <param name="onReleased">Called when the thread counts no more.</param>
internal sealed class HandlerThread(Action onReleased)
{
    [ThreadStatic]
    private static HandlerThread? t_current;

    /// <summary>The number of the work that runs, doubled; odd when the thread was released during that work.</summary>
    private long _state;

    /// <summary>The thread this code runs on; null where it is none of them.</summary>
    public static HandlerThread? Current => t_current;

    /// <summary>The number of the work that runs.</summary>
    public long Work => Volatile.Read(ref _state) & ~1;

    /// <summary>This code runs on it from now on.</summary>
    public void Enter() => t_current = this;

    /// <summary>A piece of work is done.</summary>
    /// <returns>False when the thread was released meanwhile, and is to end.</returns>
    public bool TryGoOn()
    {
        var now = Volatile.Read(ref _state);
        return (now & 1) == 0 && Interlocked.CompareExchange(ref _state, now + 2, now) == now;
    }

    /// <summary>Releases the thread if it is still busy with this work.</summary>
    public void TryRelease(long work)
    {
        if (Interlocked.CompareExchange(ref _state, work | 1, work) == work)
        {
            onReleased();
        }
    }
}
