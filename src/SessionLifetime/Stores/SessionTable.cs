using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace SessionLifetime;

/// <summary>
/// Finds sessions by a random key of theirs. A session is its own node: the table adds eight bytes for its bucket and nothing else.
/// Finding takes no lock.
/// </summary>
/// <remarks>
/// <para>
/// The keys are random bits the server made, so the key is its own hash: its upper bits choose one of the stripes, its lower bits the
/// bucket there. Each stripe has its own lock and grows by itself, so that no growth holds up more than a few thousand sessions.
/// </para>
/// <para>
/// A reader follows the chain of its bucket while writers change it. One that is taken out keeps its link, so a reader that stands on it
/// gets on. Growing moves nodes from chain to chain, always to the front of one that is complete: a reader that is carried along comes
/// to an end, and what it finds is right; only that it finds nothing proves nothing while a stripe grows. Then it looks again under the
/// lock.
/// </para>
/// </remarks>
internal sealed class SessionTable<TKey, TLink>
    where TLink : struct, ISessionLink<TKey>
{
    private const int Stripes = 256;
    private const int StripeShift = 64 - 8;

    private readonly Stripe[] _stripes = new Stripe[Stripes];

    public SessionTable()
    {
        for (var index = 0; index < Stripes; index++)
        {
            _stripes[index] = new();
        }
    }

    public bool TryGet(TKey key, [NotNullWhen(true)] out SessionCell? cell)
    {
        var hash = TLink.HashOf(key);
        var stripe = _stripes[hash >> StripeShift];
        var growth = Volatile.Read(ref stripe.Growth);
        return Find(stripe, key, hash, out cell)
            || (IsInDoubt(stripe, growth) && FindUnderLock(stripe, key, hash, out cell));
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

    /// <summary>Takes a session out. False when it is not in.</summary>
    public bool Remove(SessionCell cell)
    {
        var hash = TLink.HashOf(TLink.KeyOf(cell));
        var stripe = _stripes[hash >> StripeShift];
        lock (stripe)
        {
            ref var link = ref stripe.Buckets[hash & (ulong)(stripe.Buckets.Length - 1)];
            while (link is { } at)
            {
                if (at == cell)
                {
                    // Its own link stays, for readers that stand on it.
                    Volatile.Write(ref link, TLink.Next(cell));
                    stripe.Count--;
                    return true;
                }

                link = ref TLink.Next(at)!;
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
                    for (var cell = first; cell is not null; cell = TLink.Next(cell))
                    {
                        cells.Add(cell);
                    }
                }
            }

            foreach (var cell in cells)
            {
                yield return cell;
            }
        }
    }

    private static bool Find(Stripe stripe, TKey key, ulong hash, [NotNullWhen(true)] out SessionCell? cell)
    {
        var buckets = Volatile.Read(ref stripe.Buckets);
        cell = Volatile.Read(ref buckets[hash & (ulong)(buckets.Length - 1)]);
        while (cell is not null && !TLink.Is(cell, key))
        {
            cell = Volatile.Read(ref TLink.Next(cell));
        }

        return cell is not null;
    }

    /// <summary>Whether the stripe grew while it was searched, or grows now: an odd number says that.</summary>
    private static bool IsInDoubt(Stripe stripe, int growth)
    {
        Interlocked.MemoryBarrier();
        return (growth & 1) != 0 || Volatile.Read(ref stripe.Growth) != growth;
    }

    private static bool FindUnderLock(Stripe stripe, TKey key, ulong hash, [NotNullWhen(true)] out SessionCell? cell)
    {
        lock (stripe)
        {
            return Find(stripe, key, hash, out cell);
        }
    }

    private static void Grow(Stripe stripe)
    {
        var from = stripe.Buckets;
        var to = new SessionCell?[(int)BitOperations.RoundUpToPowerOf2((uint)from.Length + 1)];
        Volatile.Write(ref stripe.Growth, stripe.Growth + 1);
        Interlocked.MemoryBarrier();
        foreach (var first in from)
        {
            for (var cell = first; cell is not null;)
            {
                var next = TLink.Next(cell);
                Push(to, cell, TLink.HashOf(TLink.KeyOf(cell)));
                cell = next;
            }
        }

        Volatile.Write(ref stripe.Buckets, to);
        Volatile.Write(ref stripe.Growth, stripe.Growth + 1);
    }

    private static void Push(SessionCell?[] buckets, SessionCell cell, ulong hash)
    {
        ref var first = ref buckets[hash & (ulong)(buckets.Length - 1)];
        Volatile.Write(ref TLink.Next(cell), first);
        Volatile.Write(ref first, cell);
    }

    /// <summary>A part of the table, and its lock.</summary>
    private sealed class Stripe
    {
        public SessionCell?[] Buckets = new SessionCell?[1];
        public int Growth;
        public int Count;
    }
}
