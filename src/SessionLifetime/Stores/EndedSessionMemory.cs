using System.Collections.Concurrent;

namespace SessionLifetime;

/// <summary>
/// The sessions that ended lately, so that a late request learns why: bounded in number (the oldest is forgotten first) and in time, on
/// the store's clock. Looking is free of locks; remembering takes one for a few writes.
/// </summary>
internal sealed class EndedSessionMemory(int capacity, TimeSpan retention)
{
    private readonly ConcurrentDictionary<SessionId, EndedSession> _byId = new();
    private readonly Queue<EndedSession> _byAge = new();
    private readonly Lock _lock = new();

    public int Count => _byId.Count;

    public EndedSession? Find(SessionId secret, Moment now) =>
        _byId.TryGetValue(secret, out var ended) && ended.EndedAt + retention > now ? ended : null;

    public void Add(in EndedSession ended)
    {
        if (capacity == 0)
        {
            return;
        }

        lock (_lock)
        {
            _byId[ended.Secret] = ended;
            _byAge.Enqueue(ended);
            if (_byAge.Count > capacity)
            {
                Forget();
            }
        }
    }

    /// <summary>Forgets what is past its time.</summary>
    public void Trim(Moment now)
    {
        lock (_lock)
        {
            while (_byAge.TryPeek(out var oldest) && oldest.EndedAt + retention <= now)
            {
                Forget();
            }
        }
    }

    private void Forget() => _byId.TryRemove(_byAge.Dequeue().Secret, out _);
}
