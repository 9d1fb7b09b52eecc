using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using SessionLifetime.Entries;

namespace SessionLifetime.Directories;

/// <summary>
/// Finds sessions by a random key of theirs. A session is its own node: the table adds four bytes for its bucket and nothing else.
/// Lookup takes no lock.
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

    /// <summary>More steps than any chain has: a reader that takes more has followed a changing chain.</summary>
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

    public bool TryGet(TKey key, [NotNullWhen(true)] out SessionEntry? entry)
    {
        var hash = TLink.HashOf(key);
        var stripe = _stripes[hash >> StripeShift];
        var version = Volatile.Read(ref stripe.Version);
        var steps = MaxSteps;
        return Find(stripe, key, hash, ref steps, out entry)
            || ((steps < 0 || IsInDoubt(stripe, version)) && FindUnderLock(stripe, key, hash, out entry));
    }

    public void Add(SessionEntry entry)
    {
        var hash = TLink.HashOf(TLink.KeyOf(entry));
        var stripe = _stripes[hash >> StripeShift];
        lock (stripe)
        {
            if (stripe.Count == stripe.Buckets.Length)
            {
                Grow(stripe);
            }

            Push(stripe.Buckets, entry, hash);
            stripe.Count++;
        }
    }

    /// <summary>A session is near to be taken out: its bucket is needed.</summary>
    public void Prefetch(SessionEntry entry) => ReadAhead.Of(in BucketOf(entry));

    /// <summary>The same, a moment later: what stands in the bucket before it is needed.</summary>
    public void PrefetchChain(SessionEntry entry)
    {
        if (Volatile.Read(ref BucketOf(entry)) is var number and not 0 && number != entry.Number && _registry[number] is { } other)
        {
            ReadAhead.Of(in TLink.Next(other));
        }
    }

    /// <summary>Takes a session out. False when it is not in.</summary>
    public bool Remove(SessionEntry entry)
    {
        var hash = TLink.HashOf(TLink.KeyOf(entry));
        var stripe = _stripes[hash >> StripeShift];
        lock (stripe)
        {
            ref var link = ref stripe.Buckets[hash & (ulong)(stripe.Buckets.Length - 1)];
            while (link != 0)
            {
                if (link == entry.Number && _registry[link] == entry)
                {
                    Volatile.Write(ref link, TLink.Next(entry));
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
    public IEnumerable<SessionEntry> All()
    {
        var entries = new List<SessionEntry>();
        foreach (var stripe in _stripes)
        {
            entries.Clear();
            lock (stripe)
            {
                foreach (var first in stripe.Buckets)
                {
                    for (var number = first; number != 0; number = TLink.Next(entries[^1]))
                    {
                        entries.Add(_registry[number]!);
                    }
                }
            }

            foreach (var entry in entries)
            {
                yield return entry;
            }
        }
    }

    private static bool IsInDoubt(Stripe stripe, uint version)
    {
        Interlocked.MemoryBarrier();
        return (version & 1) != 0 || Volatile.Read(ref stripe.Version) != version;
    }

    private ref int BucketOf(SessionEntry entry)
    {
        var hash = TLink.HashOf(TLink.KeyOf(entry));
        var buckets = Volatile.Read(ref _stripes[hash >> StripeShift].Buckets);
        return ref buckets[hash & (ulong)(buckets.Length - 1)];
    }

    private static void Push(int[] buckets, SessionEntry entry, ulong hash)
    {
        ref var first = ref buckets[hash & (ulong)(buckets.Length - 1)];
        Volatile.Write(ref TLink.Next(entry), first);
        Volatile.Write(ref first, entry.Number);
    }

    private bool Find(Stripe stripe, TKey key, ulong hash, ref int steps, [NotNullWhen(true)] out SessionEntry? entry)
    {
        var buckets = Volatile.Read(ref stripe.Buckets);
        var number = Volatile.Read(ref buckets[hash & (ulong)(buckets.Length - 1)]);
        while (number != 0 && --steps >= 0 && _registry[number] is { } found)
        {
            if (TLink.Is(found, key))
            {
                entry = found;
                return true;
            }

            number = Volatile.Read(ref TLink.Next(found));
        }

        entry = null;
        return false;
    }

    private bool FindUnderLock(Stripe stripe, TKey key, ulong hash, [NotNullWhen(true)] out SessionEntry? entry)
    {
        lock (stripe)
        {
            var steps = int.MaxValue;
            return Find(stripe, key, hash, ref steps, out entry);
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
                var entry = _registry[number]!;
                number = TLink.Next(entry);
                Push(to, entry, TLink.HashOf(TLink.KeyOf(entry)));
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
