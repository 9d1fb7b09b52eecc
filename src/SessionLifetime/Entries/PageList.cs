using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <summary>
/// The pages of one session: open ones, and detached ones that may still be followed by the next page of their tab.
/// Called inside the entry's gate, except <see cref="Heard"/> and <see cref="CountOpen"/>, which read the copy-on-write array.
/// </summary>
internal sealed class PageList
{
    /// <summary>The most open pages, and the most detached ones, that one session keeps.</summary>
    public const int MaxPages = 32;

    private SessionPage[] _open = [];
    private List<SessionPage>? _detached;

    /// <summary>The page that was used last: that attached, or that a request came from. A detach is no use.</summary>
    private SessionPage? _used;

    /// <summary>When the next detach becomes final.</summary>
    public Moment NextDue { get; private set; } = Moment.Never;

    /// <summary>The one open page, if it is all there is.</summary>
    public SessionPage? OnlyOne => _open.Length == 1 && _detached is null or { Count: 0 } ? _open[0] : null;

    /// <summary>The page that was open before there were others.</summary>
    public void Open(SessionPage page)
    {
        _used = page;
        Volatile.Write(ref _open, [page]);
    }

    /// <summary>Adds a page of a session that was read from a backing store.</summary>
    public void Restore(SessionPage page)
    {
        _used = _used is { } used && used.LastHeard > page.LastHeard ? used : page;
        if (page.UnloadAt.IsNever)
        {
            _open = [.. _open, page];
            return;
        }

        (_detached ??= []).Add(page);
        UpdateNextDue();
    }

    /// <summary>All pages.</summary>
    public IReadOnlyList<SessionPage> Read() => [.. _open, .. _detached ?? []];

    /// <summary>A page attaches. It takes the place of the page its tab showed before, open or detached.</summary>
    public void Attach(PageId id, PageId tab, Moment now, TimeSpan signalTimeout)
    {
        var open = new List<SessionPage>(_open.Length + 1);
        foreach (var page in _open)
        {
            if (page.Tab != tab && page.Id != id && !IsSilent(page, now, signalTimeout))
            {
                open.Add(page);
            }
        }

        if (open.Count == MaxPages)
        {
            open.Remove(open.MinBy(static page => page.LastHeard)!);
        }

        var added = new SessionPage(id, tab, now);
        open.Add(added);
        _used = added;
        Volatile.Write(ref _open, open.ToArray());
        if (_detached?.RemoveAll(page => page.Tab == tab || page.Id == id) > 0)
        {
            UpdateNextDue();
        }
    }

    /// <summary>A request came from this page; an unknown page is ignored.</summary>
    public void Heard(PageId id, Moment now)
    {
        foreach (var page in Volatile.Read(ref _open))
        {
            if (page.Id == id)
            {
                page.LastHeard = now;
                _used = page;
                return;
            }
        }
    }

    /// <summary>A page was unloaded. False, and nothing changes, for one that is unknown, has left already, or was silent for the signal timeout.</summary>
    public bool TryDetach(PageId id, bool persisted, Moment now, TimeSpan grace, TimeSpan signalTimeout)
    {
        var index = Array.FindIndex(_open, page => page.Id == id);
        if (index < 0)
        {
            return false;
        }

        var page = _open[index];
        if (IsSilent(page, now, signalTimeout))
        {
            return false;
        }

        Volatile.Write(ref _open, [.. _open[..index], .. _open[(index + 1)..]]);
        page.UnloadAt = now + grace;
        page.Persisted = persisted;
        _detached ??= [];
        if (_detached.Count == MaxPages)
        {
            // A client that detaches without end: the oldest is forgotten, as the oldest open page would be.
            _detached.RemoveAt(0);
        }

        _detached.Add(page);
        UpdateNextDue();
        return true;
    }

    public bool TryTakeUnloaded(Moment now, TimeSpan signalTimeout, [NotNullWhen(true)] out UnloadedPage? unloaded)
    {
        unloaded = null;
        if (NextDue > now)
        {
            return false;
        }

        var page = _detached!.MinBy(static page => page.UnloadAt)!;
        _detached!.Remove(page);
        UpdateNextDue();
        unloaded = new(page.Id, page.Persisted, IsCurrent: page == _used, CountOpen(now, signalTimeout));
        return true;
    }

    /// <summary>Whether a page has attached and not detached.</summary>
    public bool IsOpen(PageId id) => Array.Exists(Volatile.Read(ref _open), page => page.Id == id);

    /// <summary>How many pages are open; those silent for the signal timeout are gone without a word.</summary>
    public int CountOpen(Moment now, TimeSpan signalTimeout)
    {
        var count = 0;
        foreach (var page in Volatile.Read(ref _open))
        {
            count += IsSilent(page, now, signalTimeout) ? 0 : 1;
        }

        return count;
    }

    private static bool IsSilent(SessionPage page, Moment now, TimeSpan signalTimeout) => page.LastHeard + signalTimeout <= now;

    private void UpdateNextDue()
    {
        var next = Moment.Never;
        foreach (var page in _detached!)
        {
            next = Moment.Earlier(next, page.UnloadAt);
        }

        NextDue = next;
    }
}
