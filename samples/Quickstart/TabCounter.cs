namespace Quickstart;

/// <summary>A number that belongs to one tab: made when its session first counts, gone when that ends.</summary>
public sealed class TabCounter
{
    private int _value;

    public int Value => Volatile.Read(ref _value);

    public void Increment() => Interlocked.Increment(ref _value);
}
