using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using SessionLifetime.Entries;

namespace SessionLifetime.Directories;

/// <summary>
/// An unordered bag of the numbers of sessions, of which each knows where it stands. It stands in blocks of 4, 8, 16 and so on: it grows without copying,
/// so that no session waits for that of others, and it is emptied from the end, where the next ones are known before they are needed.
/// </summary>
[SuppressMessage("Performance", "CA1815:Override equals and operator equals on value types", Justification = "Never compared.")]
internal struct DueSlot
{
    private const int FirstBlock = 4;

    private int[]?[]? _blocks;

    public int Count { get; private set; }

    /// <summary>The number of a session.</summary>
    public readonly int this[int index] => At(index);

    /// <summary>Whether a session stands here, and not in the same slot of another wheel.</summary>
    public readonly bool Has(SessionEntry entry) => entry.SlotIndex < Count && At(entry.SlotIndex) == entry.Number;

    public void Add(SessionEntry entry)
    {
        var (block, _) = Place(Count);
        if (_blocks is null || block >= _blocks.Length)
        {
            Array.Resize(ref _blocks, block + 4);
        }

        _blocks[block] ??= new int[FirstBlock << block];
        entry.SlotIndex = Count;
        At(Count++) = entry.Number;
    }

    /// <summary>Takes a session out, and fills the gap with the last.</summary>
    public void Remove(SessionEntry entry, SessionRegistry registry)
    {
        var last = At(--Count);
        if (last != entry.Number)
        {
            registry[last]!.SlotIndex = entry.SlotIndex;
            At(entry.SlotIndex) = last;
        }
    }

    /// <summary>The sessions before this place are near to be looked at.</summary>
    public readonly void Prefetch(int index, SessionRegistry registry)
    {
        if (index >= 2 * ReadAhead.Distance)
        {
            registry[At(index - ReadAhead.Distance)]!.Prefetch();
            registry.Prefetch(At(index - (2 * ReadAhead.Distance)));
        }
    }

    public SessionEntry TakeLast(SessionRegistry registry)
    {
        Prefetch(Count, registry);
        var entry = registry[At(--Count)]!;

        // Read before it is written: reads of sessions that are in no cache overlap, writes wait for each other.
        if (entry.Slot != 0)
        {
            entry.Slot = 0;
        }

        return entry;
    }

    /// <summary>Gives back the room of a slot that was passed.</summary>
    public void Trim() => _blocks = null;

    /// <summary>Blocks double: block n begins at 4 x (2^n - 1).</summary>
    private static (int Block, int Offset) Place(int index)
    {
        var block = BitOperations.Log2((uint)(index / FirstBlock) + 1);
        return (block, index - (FirstBlock * ((1 << block) - 1)));
    }

    private readonly ref int At(int index)
    {
        var (block, offset) = Place(index);
        return ref _blocks![block]![offset];
    }
}
