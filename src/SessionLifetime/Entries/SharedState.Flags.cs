namespace SessionLifetime.Entries;

/// <content>What is either so or not, and the turn of the commits: one word.</content>
internal sealed partial class SharedState
{
    [Flags]
    private enum SharedFlag
    {
        None = 0,
        Dirty = 1,
        Stale = 1 << 1,
        ToldEarly = 1 << 2,
        WantsHome = 1 << 3,
        HasValues = 1 << 4,
        WantsValues = 1 << 5,
        Changed = 1 << 6,
        TakenBack = 1 << 7,
        Ending = 1 << 8,
        CorrectsDue = 1 << 9,
        TurnTaken = 1 << 10,

        /// <summary>Somebody waits for the turn. Written inside the lock of the pages.</summary>
        TurnAwaited = 1 << 11,
    }

    private const int UnsureShift = 16;

    private const int Unsures = (int)(UnsureSignals.Activity | UnsureSignals.Signal | UnsureSignals.IdleReset | UnsureSignals.Arrival) << UnsureShift;

    /// <summary>Whether this node shall be asked for as the session's home.</summary>
    public bool WantsHome
    {
        get => Has(SharedFlag.WantsHome);
        set => Set(SharedFlag.WantsHome, value);
    }

    /// <summary>Whether the record says that the session has values in the store.</summary>
    public bool HasValues
    {
        get => Has(SharedFlag.HasValues);
        set => Set(SharedFlag.HasValues, value);
    }

    /// <summary>Whether the record shall say so with the next commit.</summary>
    public bool WantsValues
    {
        get => Has(SharedFlag.WantsValues);
        set => Set(SharedFlag.WantsValues, value);
    }

    /// <summary>Whether more than stamps waits to be written.</summary>
    public bool IsChanged
    {
        get => Has(SharedFlag.Changed);
        set => Set(SharedFlag.Changed, value);
    }

    /// <summary>Whether it found no place after all: its start is not told, and its end is not.</summary>
    public bool IsTakenBack
    {
        get => Has(SharedFlag.TakenBack);
        set => Set(SharedFlag.TakenBack, value);
    }

    /// <summary>Whether it is to end, and the store could not be told yet: it is served no more.</summary>
    public bool IsEnding
    {
        get => Has(SharedFlag.Ending);
        set => Set(SharedFlag.Ending, value);
    }

    /// <summary>
    /// Whether the session is known to have changed elsewhere since it was read, or what the store has of it is not known. What is heard of a commit of
    /// this node before its answer is no change once the answer is there.
    /// </summary>
    public bool IsStale
    {
        get => Has(SharedFlag.Stale) || Version < HeardVersion;
        set => Set(SharedFlag.Stale, value);
    }

    /// <summary>Whether the store's lower bound of the next due moment is too low, and is to be written anew.</summary>
    public bool CorrectsDue
    {
        get => Has(SharedFlag.CorrectsDue);
        set => Set(SharedFlag.CorrectsDue, value);
    }

    /// <summary>Whether the events of its end are known to be delivered, before that end is known here.</summary>
    public bool IsToldEarly
    {
        get => Has(SharedFlag.ToldEarly);
        set => Set(SharedFlag.ToldEarly, value);
    }

    /// <summary>Whether stamps wait to be written.</summary>
    public bool IsDirty => Has(SharedFlag.Dirty);

    /// <summary>
    /// Takes, to tell the store, the signals that came while the node had not heard from it: their moments are not known, and they count from when it hears
    /// from it again.
    /// </summary>
    public UnsureSignals TakeUnsure() => (UnsureSignals)(Interlocked.And(ref _flags, ~Unsures) >> UnsureShift);

    /// <summary>Such signals came, or the store could not be told of them.</summary>
    public void AddUnsure(UnsureSignals signals) => Interlocked.Or(ref _flags, (int)signals << UnsureShift);

    /// <summary>Marks stamps as not written yet. True for the first to do so.</summary>
    public bool TryMarkDirty() => !IsDirty && (Interlocked.Or(ref _flags, (int)SharedFlag.Dirty) & (int)SharedFlag.Dirty) == 0;

    /// <summary>The stamps are about to be read and written.</summary>
    public void MarkClean() => Set(SharedFlag.Dirty, isSet: false);

    /// <summary>Waits until the commits before are written: those of one session are written one after the other. Call <see cref="LeaveTurn"/> when done.</summary>
    public ValueTask EnterTurnAsync() => (Interlocked.Or(ref _flags, (int)SharedFlag.TurnTaken) & (int)SharedFlag.TurnTaken) == 0 ? default : WaitForTurnAsync();

    /// <summary>Gives the turn to the next, in the order of arrival.</summary>
    public void LeaveTurn()
    {
        if (Volatile.Read(ref _rare) is not null)
        {
            lock (PageLock)
            {
                DropIfEmpty();
            }
        }

        int seen;
        while (((seen = Volatile.Read(ref _flags)) & (int)SharedFlag.TurnAwaited) == 0)
        {
            if (Interlocked.CompareExchange(ref _flags, seen & ~(int)SharedFlag.TurnTaken, seen) == seen)
            {
                return;
            }
        }

        TaskCompletionSource next;
        lock (PageLock)
        {
            var waiting = Rarely.WaitingForTurn!;
            next = waiting.Dequeue();
            if (waiting.Count == 0)
            {
                Rarely.WaitingForTurn = null;
                DropIfEmpty();
                Set(SharedFlag.TurnAwaited, isSet: false);
            }
        }

        next.SetResult();
    }

    /// <summary>Waiting holds no thread.</summary>
    private ValueTask WaitForTurnAsync()
    {
        lock (PageLock)
        {
            // From here on whoever leaves finds this one; or it has left before, and the turn is free.
            var before = (SharedFlag)Interlocked.Or(ref _flags, (int)(SharedFlag.TurnTaken | SharedFlag.TurnAwaited));
            if ((before & SharedFlag.TurnTaken) == 0)
            {
                if ((before & SharedFlag.TurnAwaited) == 0)
                {
                    Set(SharedFlag.TurnAwaited, isSet: false);
                }

                return default;
            }

            var place = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            (Rarely.WaitingForTurn ??= new()).Enqueue(place);
            return new(place.Task);
        }
    }

    private bool Has(SharedFlag flag) => (Volatile.Read(ref _flags) & (int)flag) != 0;

    private void Set(SharedFlag flag, bool isSet)
    {
        if (Has(flag) != isSet)
        {
            _ = isSet ? Interlocked.Or(ref _flags, (int)flag) : Interlocked.And(ref _flags, ~(int)flag);
        }
    }
}
