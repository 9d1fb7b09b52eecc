using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <summary>What an entry keeps besides where its session is kept in a backing store, too.</summary>
/// <remarks>
/// The flags are set and read without a lock. Everything else is read and written in the session's turn (<see cref="EnterTurnAsync"/>), except where a
/// member says otherwise. There is one for each shared session, so it is small: 96 bytes; what few sessions have at a time stands in an object of its own,
/// which is written inside the lock of the pages and dropped when it is empty.
/// </remarks>
internal sealed partial class SharedState
{
    /// <summary>What most sessions never have. Written inside the entry's gate.</summary>
    public OptionalState Optional = OptionalState.None;

    private Rare? _rare;
    private long _storedActivity;
    private long _storedSignal;
    private long _storedArrival;
    private long _lastArrival;

    /// <summary>Versions count the commits of one session: they stay far below this.</summary>
    private uint _heardVersion;

    private int _flags;

    /// <summary>The version of the record that the entry was read from or last written as.</summary>
    public long Version { get; set; }

    /// <summary>How much service time was taken off the store's time when the session started.</summary>
    public TimeSpan TakenOffAtStart { get; set; }

    /// <summary>The stamps as they are known to be in the store: activity, signal, idle reset, arrival. Read and replaced as a whole, on any thread.</summary>
    public StoredStamps Stored
    {
        get
        {
            lock (PageLock)
            {
                return new(new(_storedActivity), new(_storedSignal), _rare?.StoredIdleReset ?? default, new(_storedArrival));
            }
        }

        set
        {
            lock (PageLock)
            {
                (_storedActivity, _storedSignal, _storedArrival) = (value.LastActivity.Ticks, value.LastSignal.Ticks, value.LastArrival.Ticks);
                if (value.IdleReset != (_rare?.StoredIdleReset ?? default))
                {
                    Rarely.StoredIdleReset = value.IdleReset;
                }
            }
        }
    }

    /// <summary>The service time before which no rule but the absolute one may be decided: other nodes may not know a deadline that was brought nearer.</summary>
    public Moment DecideAfter
    {
        get => _rare?.DecideAfter ?? default;
        set
        {
            lock (PageLock)
            {
                if (value != DecideAfter)
                {
                    Rarely.DecideAfter = value;
                }
            }
        }
    }

    /// <summary>Until when a rule is not tried again: by the store's clocks its moment had not come.</summary>
    public Moment TryAgainAt
    {
        get => _rare?.TryAgainAt ?? default;
        set
        {
            lock (PageLock)
            {
                if (value != TryAgainAt)
                {
                    Rarely.TryAgainAt = value;
                }
            }
        }
    }

    /// <summary>The node that holds something live of the session; null for none.</summary>
    public string? Home
    {
        get => _rare?.Home;
        set
        {
            lock (PageLock)
            {
                if (!string.Equals(value, Home, StringComparison.Ordinal))
                {
                    Rarely.Home = value;
                }
            }
        }
    }

    /// <summary>The version of the reserved value that says which node has the turn of serialized requests. Read and written by the request that has this node's.</summary>
    public long TurnVersion
    {
        get => _rare?.TurnVersion ?? 0;
        set
        {
            lock (PageLock)
            {
                if (value != TurnVersion)
                {
                    Rarely.TurnVersion = value;
                }
            }
        }
    }

    /// <summary>SHA-256 of the browser's key, while the key itself is not known here; otherwise null.</summary>
    public string? BrowserHash
    {
        get => _rare?.BrowserHash;
        set
        {
            lock (PageLock)
            {
                if (!string.Equals(value, BrowserHash, StringComparison.Ordinal))
                {
                    Rarely.BrowserHash = value;
                }
            }
        }
    }

    /// <summary>
    /// The secrets of the record: the hash of each, until when it works, and what leads to the next one. Empty where there is but one, which the entry itself
    /// has: then it is not kept twice.
    /// </summary>
    public IReadOnlyList<StoredSecret> Secrets
    {
        get => _rare?.Secrets ?? [];
        set
        {
            lock (PageLock)
            {
                if (value.Count != 0 || Secrets.Count != 0)
                {
                    Rarely.Secrets = value;
                }
            }
        }
    }

    /// <summary>What a newer version of the library has written into the record; null for nothing.</summary>
    public UnknownDetails? Unknown
    {
        get => _rare?.Unknown;
        set
        {
            lock (PageLock)
            {
                if (value != Unknown)
                {
                    Rarely.Unknown = value;
                }
            }
        }
    }

    /// <summary>Completes when the handlers of the raise that is under way have answered; null while none is.</summary>
    public TaskCompletionSource? Answer
    {
        get => _rare?.Answer;
        set
        {
            lock (PageLock)
            {
                if (value != Answer)
                {
                    Rarely.Answer = value;
                }
            }
        }
    }

    /// <summary>The highest version of the record that this node has heard of.</summary>
    public long HeardVersion => Volatile.Read(ref _heardVersion);

    /// <summary>The latest signal that moved no other stamp of an arrival: on the fast path, and where the entry has no <see cref="OptionalState"/>.</summary>
    public Moment LastArrival => new(Volatile.Read(ref _lastArrival));

    /// <summary>Completes when the events of an ended session are delivered, wherever.</summary>
    public Task Told => Waiting().Task;

    /// <summary>Inside the lock of the pages.</summary>
    private Rare Rarely => _rare ??= new();

    /// <summary>Whether a secret stands in the record.</summary>
    public bool Knows(SessionId secret)
    {
        var hash = SecretHash.Of(secret);
        foreach (var one in Secrets)
        {
            if (string.Equals(one.Hash, hash, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A commit elsewhere is known: nothing older is believed.</summary>
    public void Hear(long version)
    {
        var known = Volatile.Read(ref _heardVersion);
        var heard = (uint)Math.Min(version, uint.MaxValue);
        while (known < heard && Interlocked.CompareExchange(ref _heardVersion, heard, known) is var before && before != known)
        {
            known = before;
        }
    }

    /// <summary>The store went back: what was heard of it is void.</summary>
    public void ForgetHeard() => Volatile.Write(ref _heardVersion, 0);

    /// <summary>A signal was counted.</summary>
    public void Arrive(Moment now)
    {
        var known = Volatile.Read(ref _lastArrival);
        while (known < now.Ticks && Interlocked.CompareExchange(ref _lastArrival, now.Ticks, known) is var before && before != known)
        {
            known = before;
        }
    }

    /// <summary>The events of the ended session are delivered.</summary>
    public void MarkTold() => Waiting().TrySetResult();

    private TaskCompletionSource Waiting()
    {
        lock (PageLock)
        {
            return Rarely.Told ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Inside the lock of the pages.</summary>
    private void DropIfEmpty()
    {
        if (_rare is { IsEmpty: true })
        {
            _rare = null;
        }
    }

    /// <summary>What few sessions have at a time.</summary>
    private sealed class Rare
    {
        public Moment StoredIdleReset;
        public Moment DecideAfter;
        public Moment TryAgainAt;
        public string? Home;
        public long TurnVersion;
        public string? BrowserHash;
        public IReadOnlyList<StoredSecret> Secrets = [];
        public UnknownDetails? Unknown;
        public TaskCompletionSource? Answer;
        public TaskCompletionSource? Told;
        public Queue<TaskCompletionSource>? WaitingForTurn;

        public bool IsEmpty => StoredIdleReset == default
            && DecideAfter == default
            && TryAgainAt == default
            && Home is null
            && TurnVersion == 0
            && BrowserHash is null
            && Secrets.Count == 0
            && Unknown is null
            && Answer is null
            && Told is null
            && WaitingForTurn is null;
    }
}
