using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <summary>One document life in the browser.</summary>
internal sealed class SessionPage(PageId id, PageId tab, Moment now)
{
    private long _lastHeard = now.Ticks;

    public PageId Id { get; } = id;

    public PageId Tab { get; } = tab;

    /// <summary>When the page was last heard of; requests of the page move it without the gate.</summary>
    public Moment LastHeard
    {
        get => new(Volatile.Read(ref _lastHeard));
        set => Volatile.Write(ref _lastHeard, value.Ticks);
    }

    /// <summary>When its detach is final; never while it is open.</summary>
    public Moment UnloadAt { get; set; } = Moment.Never;

    /// <summary>Whether it went into the back/forward cache.</summary>
    public bool Persisted { get; set; }
}
