namespace DesktopInATab;

/// <summary>Counts the instances that live on the server.</summary>
public sealed class RunningDesktops
{
    private int _opened;
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Gives the new instance its number.</summary>
    public int Open()
    {
        Interlocked.Increment(ref _count);
        return Interlocked.Increment(ref _opened);
    }

    public void Close() => Interlocked.Decrement(ref _count);
}
