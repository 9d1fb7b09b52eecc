using System.Runtime.CompilerServices;
using SessionLifetime.Entries;

namespace SessionLifetime.Directories;

/// <summary>
/// The sessions of a store, each under a number of its own that is given to another when it is gone. Tables and the due index keep these
/// numbers instead of references: half as large, and nothing the garbage collector has to follow all over the heap. It finds every session
/// here, in the order in which most were made.
/// </summary>
/// <remarks>Reading takes no lock. Zero is no session.</remarks>
internal sealed class SessionRegistry
{
    private const int BlockBits = 10;
    private const int BlockSize = 1 << BlockBits;

    private readonly Lock _lock = new();
    private readonly Stack<int> _free = new();
    private SessionEntry?[][] _blocks = [new SessionEntry?[BlockSize]];
    private int _next = 1;

    /// <summary>The session that has a number now; null when it is free.</summary>
    public SessionEntry? this[int number]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Volatile.Read(ref Volatile.Read(ref _blocks)[number >> BlockBits][number & (BlockSize - 1)]);
    }

    /// <summary>The session that has a number is near to be asked for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(int number) => ReadAhead.Of(ref Volatile.Read(ref _blocks)[number >> BlockBits][number & (BlockSize - 1)]);

    /// <summary>Gives a session its number.</summary>
    public void Add(SessionEntry entry)
    {
        lock (_lock)
        {
            if (!_free.TryPop(out var number))
            {
                number = _next++;
                if (number >> BlockBits == _blocks.Length)
                {
                    Volatile.Write(ref _blocks, [.. _blocks, new SessionEntry?[BlockSize]]);
                }
            }

            entry.Number = number;
            Volatile.Write(ref _blocks[number >> BlockBits][number & (BlockSize - 1)], entry);
        }
    }

    /// <summary>Takes a session's number back, once no table knows it any more; a second time, nothing.</summary>
    public void Remove(SessionEntry entry)
    {
        lock (_lock)
        {
            if (entry.Number == 0)
            {
                return;
            }

            _blocks[entry.Number >> BlockBits][entry.Number & (BlockSize - 1)] = null;
            _free.Push(entry.Number);
            entry.Number = 0;
        }
    }
}
