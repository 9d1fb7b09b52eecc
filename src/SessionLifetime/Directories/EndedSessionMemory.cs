using System.Numerics;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Directories;

/// <summary>
/// The sessions that ended lately, so that a late request learns why: bounded in number (the oldest is forgotten first) and in time, on
/// the store's clock.
/// </summary>
/// <remarks>
/// A ring of entries in the order of their ends, each its own node of a hash table: an end is remembered, and the oldest forgotten, with a
/// few writes and nothing for the garbage collector. Ids are random bits the server made, so an id is its own hash. One lock guards it, for
/// those writes, and for looks at ids that lead to no living session. The ring grows as it is needed.
/// </remarks>
internal sealed class EndedSessionMemory(int capacity, TimeSpan retention)
{
    private const int FirstSize = 64;

    private readonly Lock _lock = new();
    private RingEntry[] _ring = [];

    /// <summary>The number of the newest entry of each bucket: one more than its place; 0 for none.</summary>
    private int[] _buckets = [];

    private int _oldest;
    private int _count;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _count;
            }
        }
    }

    public EndedSession? Find(SessionId secret, Moment now)
    {
        lock (_lock)
        {
            for (var number = _count == 0 ? 0 : Bucket(secret); number != 0; number = _ring[number - 1].Next)
            {
                ref readonly var ended = ref _ring[number - 1].Ended;
                if (ended.Secret == secret)
                {
                    return ended.EndedAt + retention > now ? ended : null;
                }
            }

            return null;
        }
    }

    /// <summary>Remembers a session that has ended, by all its secrets.</summary>
    public void Add(SessionEntry entry, Moment now)
    {
        var reason = entry.Read().EndReason;
        if (entry.Rotated is not { } ids)
        {
            Add(new EndedSession(entry.Secret, entry.Id, reason, now));
            return;
        }

        foreach (var secret in ids.All)
        {
            Add(new EndedSession(secret, entry.Id, reason, now));
        }
    }

    public void Add(in EndedSession ended)
    {
        if (capacity == 0)
        {
            return;
        }

        lock (_lock)
        {
            if (_count == capacity)
            {
                Forget();
                ReadAhead.Of(in Bucket(_ring[(_oldest + ReadAhead.Distance) % _ring.Length].Ended.Secret));
            }
            else if (_count == _ring.Length)
            {
                Grow();
            }

            Put((_oldest + _count) % _ring.Length, ended);
            _count++;
        }
    }

    /// <summary>Forgets what is past its time.</summary>
    public void Trim(Moment now)
    {
        lock (_lock)
        {
            while (_count > 0 && _ring[_oldest].Ended.EndedAt + retention <= now)
            {
                Forget();
            }
        }
    }

    private ref int Bucket(SessionId secret) => ref _buckets[secret.Low & (ulong)(_buckets.Length - 1)];

    private void Put(int place, in EndedSession ended)
    {
        ref var bucket = ref Bucket(ended.Secret);
        _ring[place] = new RingEntry { Ended = ended, Next = bucket };
        bucket = place + 1;
    }

    private void Forget()
    {
        var number = _oldest + 1;
        ref var link = ref Bucket(_ring[_oldest].Ended.Secret);
        while (link != number)
        {
            link = ref _ring[link - 1].Next;
        }

        link = _ring[_oldest].Next;
        _oldest = number % _ring.Length;
        _count--;
    }

    private void Grow()
    {
        var from = _ring;
        _ring = new RingEntry[(int)Math.Min(capacity, Math.Max(FirstSize, 2L * from.Length))];
        _buckets = new int[(int)BitOperations.RoundUpToPowerOf2((uint)_ring.Length)];
        for (var age = 0; age < _count; age++)
        {
            Put(age, from[(_oldest + age) % from.Length].Ended);
        }

        _oldest = 0;
    }

    private struct RingEntry
    {
        public EndedSession Ended;

        /// <summary>The number of the next older entry of the bucket.</summary>
        public int Next;
    }
}
