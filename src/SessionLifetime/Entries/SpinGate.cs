using System.Runtime.CompilerServices;

namespace SessionLifetime.Entries;

/// <summary>A lock of one word, held for a few comparisons and writes: a waiting thread spins and yields. A field, never copied.</summary>
internal struct SpinGate
{
    private int _isTaken;

    public void Enter()
    {
        if (Interlocked.CompareExchange(ref _isTaken, 1, 0) != 0)
        {
            Wait();
        }
    }

    public void Leave() => Volatile.Write(ref _isTaken, 0);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Wait()
    {
        var spinner = default(SpinWait);
        do
        {
            // Yields, but never sleeps a whole millisecond: the gate is held for tens of nanoseconds.
            spinner.SpinOnce(sleep1Threshold: -1);
        }
        while (Volatile.Read(ref _isTaken) != 0 || Interlocked.CompareExchange(ref _isTaken, 1, 0) != 0);
    }
}
