using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace SessionLifetime;

/// <summary>
/// Finds sessions by a random key of theirs. A session is its own node: the table adds four bytes for its bucket and nothing else.
/// Finding takes no lock.
/// </summary>
/// <remarks>
/// <para>
/// The keys are random bits the server made, so the key is its own hash: its upper bits choose one of the stripes, its lower bits the
/// bucket there. Each stripe has its own lock and grows by itself, so that no growth holds up more than a few thousand sessions.
/// </para>
/// <para>
/// A reader follows the chain of its bucket while writers change it: what it finds is right, but that it finds nothing proves nothing if
/// the stripe has grown or lost a session meanwhile, whose number may be another's by now. Both move the stripe's version, which is odd
/// while it grows. Then the reader looks again under the lock.
/// </para>
/// </remarks>
internal sealed class SessionTable<TKey, TLink>
    where TLink : struct, ISessionLink<TKey>
{
    private const int Stripes = 256;
    private const int StripeShift = 64 - 8;

    /// <summary>More than any chain has: who comes that far has been led astray.</summary>
    private const int MaxSteps = 256;

    private readonly SessionRegistry _registry;
    private readonly Stripe[] _stripes = new Stripe[Stripes];

    public SessionTable(SessionRegistry registry)
    {
        _registry = registry;
        for (var index = 0; index < Stripes; index++)
        {
            _stripes[index] = new();
        }
    }

    public bool TryGet(TKey key, [NotNullWhen(true)] out SessionCell? cell)
    {
        var hash = TLink.HashOf(key);
        var stripe = _stripes[hash >> StripeShift];
        var version = Volatile.Read(ref stripe.Version);
        var steps = MaxSteps;
        return Find(stripe, key, hash, ref steps, out cell)
            || ((steps < 0 || IsInDoubt(stripe, version)) && FindUnderLock(stripe, key, hash, out cell));
    }

    public void Add(SessionCell cell)
    {
        var hash = TLink.HashOf(TLink.KeyOf(cell));
        var stripe = _stripes[hash >> StripeShift];
        lock (stripe)
        {
            if (stripe.Count == stripe.Buckets.Length)
            {
                Grow(stripe);
            }

            Push(stripe.Buckets, cell, hash);
            stripe.Count++;
        }
    }

    /// <summary>A session is near to be taken out: its bucket is needed.</summary>
    public void Prefetch(SessionCell cell) => ReadAhead.Of(in BucketOf(cell));

    /// <summary>The same, a moment later: what stands in the bucket before it is needed.</summary>
    public void PrefetchChain(SessionCell cell)
    {
        if (Volatile.Read(ref BucketOf(cell)) is var number and not 0 && number != cell.Number && _registry[number] is { } other)
        {
            ReadAhead.Of(in TLink.Next(other));
        }
    }

    /// <summary>Takes a session out. False when it is not in.</summary>
    public bool Remove(SessionCell cell)
    {
        var hash = TLink.HashOf(TLink.KeyOf(cell));
        var stripe = _stripes[hash >> StripeShift];
        lock (stripe)
        {
            ref var link = ref stripe.Buckets[hash & (ulong)(stripe.Buckets.Length - 1)];
            while (link != 0)
            {
                if (link == cell.Number && _registry[link] == cell)
                {
                    Volatile.Write(ref link, TLink.Next(cell));
                    Volatile.Write(ref stripe.Version, stripe.Version + 2);
                    stripe.Count--;
                    return true;
                }

                link = ref TLink.Next(_registry[link]!);
            }

            return false;
        }
    }

    /// <summary>All sessions, a stripe at a time: each that is in the whole time is given once.</summary>
    public IEnumerable<SessionCell> All()
    {
        var cells = new List<SessionCell>();
        foreach (var stripe in _stripes)
        {
            cells.Clear();
            lock (stripe)
            {
                foreach (var first in stripe.Buckets)
                {
                    for (var number = first; number != 0; number = TLink.Next(cells[^1]))
                    {
                        cells.Add(_registry[number]!);
                    }
                }
            }

            foreach (var cell in cells)
            {
                yield return cell;
            }
        }
    }

    private static bool IsInDoubt(Stripe stripe, uint version)
    {
        Interlocked.MemoryBarrier();
        return (version & 1) != 0 || Volatile.Read(ref stripe.Version) != version;
    }

    private ref int BucketOf(SessionCell cell)
    {
        var hash = TLink.HashOf(TLink.KeyOf(cell));
        var buckets = Volatile.Read(ref _stripes[hash >> StripeShift].Buckets);
        return ref buckets[hash & (ulong)(buckets.Length - 1)];
    }

    private static void Push(int[] buckets, SessionCell cell, ulong hash)
    {
        ref var first = ref buckets[hash & (ulong)(buckets.Length - 1)];
        Volatile.Write(ref TLink.Next(cell), first);
        Volatile.Write(ref first, cell.Number);
    }

    private bool Find(Stripe stripe, TKey key, ulong hash, ref int steps, [NotNullWhen(true)] out SessionCell? cell)
    {
        var buckets = Volatile.Read(ref stripe.Buckets);
        var number = Volatile.Read(ref buckets[hash & (ulong)(buckets.Length - 1)]);
        while (number != 0 && --steps >= 0 && _registry[number] is { } found)
        {
            if (TLink.Is(found, key))
            {
                cell = found;
                return true;
            }

            number = Volatile.Read(ref TLink.Next(found));
        }

        cell = null;
        return false;
    }

    private bool FindUnderLock(Stripe stripe, TKey key, ulong hash, [NotNullWhen(true)] out SessionCell? cell)
    {
        lock (stripe)
        {
            var steps = int.MaxValue;
            return Find(stripe, key, hash, ref steps, out cell);
        }
    }

    private void Grow(Stripe stripe)
    {
        var from = stripe.Buckets;
        var to = new int[(int)BitOperations.RoundUpToPowerOf2((uint)from.Length + 1)];
        Volatile.Write(ref stripe.Version, stripe.Version + 1);
        Interlocked.MemoryBarrier();
        foreach (var first in from)
        {
            for (var number = first; number != 0;)
            {
                var cell = _registry[number]!;
                number = TLink.Next(cell);
                Push(to, cell, TLink.HashOf(TLink.KeyOf(cell)));
            }
        }

        Volatile.Write(ref stripe.Buckets, to);
        Volatile.Write(ref stripe.Version, stripe.Version + 1);
    }

    /// <summary>A part of the table, and its lock.</summary>
    private sealed class Stripe
    {
        public int[] Buckets = new int[1];
        public uint Version;
        public int Count;
    }
}
