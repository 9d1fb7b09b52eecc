using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <summary>What an entry keeps besides where its session is kept in a backing store, too.</summary>
/// <remarks>
/// The flags are set and read without a lock. Everything else is read and written in the session's <see cref="Turn"/>, except where a member says
/// otherwise.
/// </remarks>
internal sealed class SharedState
{
    private int _isDirty;
    private volatile bool _isStale;
    private volatile bool _isToldEarly;
    private int _unsure;
    private long _heardVersion;
    private long _fastArrival;
    private TaskCompletionSource? _told;
    private List<PageChange>? _pageChanges;

    /// <summary>Commits of one session are written one after the other.</summary>
    public AsyncTurn Turn { get; } = new();

    /// <summary>The version of the record that the entry was read from or last written as.</summary>
    public long Version { get; set; }

    /// <summary>The stamps as they are known to be in the store: activity, signal, idle reset, arrival. Replaced as a whole.</summary>
    public StoredStamps Stored { get; set; } = new(default, default, default, default);

    /// <summary>How much service time was taken off the store's time when the session started.</summary>
    public TimeSpan TakenOffAtStart { get; set; }

    /// <summary>The service time before which no rule but the absolute one may be decided: other nodes may not know a deadline that was brought nearer.</summary>
    public Moment DecideAfter { get; set; }

    /// <summary>Until when a rule is not tried again: by the store's clocks its moment had not come.</summary>
    public Moment TryAgainAt { get; set; }

    /// <summary>The node that holds something live of the session; null for none.</summary>
    public string? Home { get; set; }

    /// <summary>Whether this node shall be asked for as the session's home.</summary>
    public bool WantsHome { get; set; }

    /// <summary>Whether the record says that the session has values in the store.</summary>
    public bool HasValues { get; set; }

    /// <summary>Whether the record shall say so with the next commit.</summary>
    public bool WantsValues { get; set; }

    /// <summary>The highest version of the record that this node has heard of.</summary>
    public long HeardVersion => Volatile.Read(ref _heardVersion);

    /// <summary>The latest signal on the fast path, which moves no other stamp of an arrival.</summary>
    public Moment FastArrival => new(Volatile.Read(ref _fastArrival));

    /// <summary>The version of the reserved value that says which node has the turn of serialized requests. Read and written by the request that has this node's.</summary>
    public long TurnVersion { get; set; }

    /// <summary>SHA-256 of the browser's key, while the key itself is not known here; otherwise null.</summary>
    public string? BrowserHash { get; set; }

    /// <summary>
    /// The secrets of the record: the hash of each, until when it works, and what leads to the next one. Empty where there is but one, which the entry itself
    /// has: then it is not kept twice.
    /// </summary>
    public IReadOnlyList<StoredSecret> Secrets { get; set; } = [];

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

    /// <summary>Held while the pages and their changes are read or written, in one step.</summary>
    public object PageLock => Turn;

    /// <summary>What happened to the pages here and is not written yet, in order; bounded, as the pages are. Read and written inside <see cref="PageLock"/>.</summary>
    public IReadOnlyList<PageChange> PageChanges => _pageChanges ?? [];

    /// <summary>Adds a change of a page. Called inside <see cref="PageLock"/>.</summary>
    public void AddPageChange(PageChange change)
    {
        _pageChanges ??= [];
        if (_pageChanges.Count == 2 * PageList.MaxPages)
        {
            // A client whose pages come and go while nothing can be written: the oldest is forgotten, as the oldest page would be.
            _pageChanges.RemoveAt(0);
        }

        _pageChanges.Add(change);
    }

    /// <summary>Changes of pages are written.</summary>
    public void RemovePageChanges(IReadOnlyList<PageChange> written)
    {
        if (written.Count > 0)
        {
            lock (PageLock)
            {
                _pageChanges?.RemoveAll(change => written.Any(one => ReferenceEquals(one, change)));
                _pageChanges = _pageChanges is { Count: > 0 } ? _pageChanges : null;
            }
        }
    }

    /// <summary>What a newer version of the library has written into the record; null for nothing.</summary>
    public UnknownDetails? Unknown { get; set; }

    /// <summary>Whether more than stamps waits to be written.</summary>
    public bool IsChanged { get; set; }

    /// <summary>Whether it found no place after all: its start is not told, and its end is not.</summary>
    public bool IsTakenBack { get; set; }

    /// <summary>Whether it is to end, and the store could not be told yet: it is served no more.</summary>
    public bool IsEnding { get; set; }

    /// <summary>
    /// Whether the session is known to have changed elsewhere since it was read, or what the store has of it is not known. What is heard of a commit of
    /// this node before its answer is no change once the answer is there.
    /// </summary>
    public bool IsStale
    {
        get => _isStale || Version < HeardVersion;
        set => _isStale = value;
    }

    /// <summary>
    /// Signals that came while the node had not heard from the store: their moments are not known, and they count from when it hears from it again.
    /// </summary>
    public UnsureSignals Unsure => (UnsureSignals)Volatile.Read(ref _unsure);

    /// <summary>Takes them, to tell the store.</summary>
    public UnsureSignals TakeUnsure() => (UnsureSignals)Interlocked.Exchange(ref _unsure, 0);

    /// <summary>Such signals came, or the store could not be told of them.</summary>
    public void AddUnsure(UnsureSignals signals) => Interlocked.Or(ref _unsure, (int)signals);

    /// <summary>Whether the store's lower bound of the next due moment is too low, and is to be written anew.</summary>
    public bool CorrectsDue { get; set; }

    /// <summary>Whether the events of its end are known to be delivered, before that end is known here.</summary>
    public bool IsToldEarly
    {
        get => _isToldEarly;
        set => _isToldEarly = value;
    }

    /// <summary>Completes when the handlers of the raise that is under way have answered; null while none is.</summary>
    public TaskCompletionSource? Answer { get; set; }

    /// <summary>A commit elsewhere is known: nothing older is believed.</summary>
    public void Hear(long version)
    {
        var known = Volatile.Read(ref _heardVersion);
        while (known < version && Interlocked.CompareExchange(ref _heardVersion, version, known) is var before && before != known)
        {
            known = before;
        }
    }

    /// <summary>The store went back: what was heard of it is void.</summary>
    public void ForgetHeard() => Volatile.Write(ref _heardVersion, 0);

    /// <summary>A signal was counted on the fast path.</summary>
    public void Arrive(Moment now)
    {
        var known = Volatile.Read(ref _fastArrival);
        while (known < now.Ticks && Interlocked.CompareExchange(ref _fastArrival, now.Ticks, known) is var before && before != known)
        {
            known = before;
        }
    }

    /// <summary>Whether stamps wait to be written.</summary>
    public bool IsDirty => Volatile.Read(ref _isDirty) != 0;

    /// <summary>Completes when the events of an ended session are delivered, wherever.</summary>
    public Task Told => Waiting().Task;

    /// <summary>Marks stamps as not written yet. True for the first to do so.</summary>
    public bool TryMarkDirty() => Volatile.Read(ref _isDirty) == 0 && Interlocked.Exchange(ref _isDirty, 1) == 0;

    /// <summary>The stamps are about to be read and written.</summary>
    public void MarkClean() => Interlocked.Exchange(ref _isDirty, 0);

    /// <summary>The events of the ended session are delivered.</summary>
    public void MarkTold() => Waiting().TrySetResult();

    private TaskCompletionSource Waiting() =>
        Volatile.Read(ref _told) ?? Interlocked.CompareExchange(ref _told, new(TaskCreationOptions.RunContinuationsAsynchronously), null) ?? _told!;
}
