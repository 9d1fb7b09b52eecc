using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <content>The pages, which attach, are heard of, and detach.</content>
internal sealed partial class SessionEntry
{
    /// <summary>Makes the pages what a backing store has, and then what happened to them here and is not written yet.</summary>
    public void ReplacePages(IEnumerable<SessionPage> pages, IReadOnlyList<PageChange> changes, TimeSpan signalTimeout)
    {
        var made = PageSet.Of(pages);
        _gate.Enter();
        try
        {
            made.Apply(changes, signalTimeout);
            _pages = made;
        }
        finally
        {
            _gate.Leave();
        }
    }

    /// <summary>All pages of the session: open ones, and detached ones.</summary>
    public IReadOnlyList<SessionPage> ReadPages()
    {
        _gate.Enter();
        try
        {
            return _pages.Read();
        }
        finally
        {
            _gate.Leave();
        }
    }

    /// <summary>A page attaches. False when the session has ended.</summary>
    public bool TryAttachPage(PageId page, PageId tab, Moment now, TimeSpan signalTimeout)
    {
        _gate.Enter();
        try
        {
            if (_mode == Mode.Ended)
            {
                return false;
            }

            _pages.Attach(page, tab, now, signalTimeout);

            // A decision that was made because no page was open must be made again.
            _version++;
            return true;
        }
        finally
        {
            _gate.Leave();
        }
    }

    /// <summary>
    /// Whether it matters which page a request comes from. Where there is one page, and it was heard of within the last second, it does not:
    /// nobody asks to the second how long a page has been silent.
    /// </summary>
    public bool ListensToPages(Moment now) => _pages.Listens(now);

    /// <summary>A page was heard of.</summary>
    public void HeardPage(PageId page, Moment now) => _pages.Heard(page, now);

    /// <summary>A page detaches. True when it was open; <paramref name="openPages"/> is what is left without it.</summary>
    public bool TryDetachPage(PageId page, bool persisted, Moment now, TimeSpan grace, TimeSpan signalTimeout, out int openPages)
    {
        _gate.Enter();
        try
        {
            openPages = 0;
            if (_mode == Mode.Ended || !_pages.TryDetach(page, persisted, now, grace, signalTimeout))
            {
                return false;
            }

            openPages = _pages.CountOpen(now, signalTimeout);
            Volatile.Write(ref _nextDue, Math.Min(_nextDue, _pages.NextDue.Ticks));
            return true;
        }
        finally
        {
            _gate.Leave();
        }
    }

    /// <summary>Takes one page whose grace after its detach is over at <paramref name="now"/>; exactly one caller gets each.</summary>
    public bool TryTakeUnloaded(Moment now, TimeSpan signalTimeout, [NotNullWhen(true)] out UnloadedPage? unloaded)
    {
        _gate.Enter();
        try
        {
            return _pages.TryTakeUnloaded(now, signalTimeout, out unloaded);
        }
        finally
        {
            _gate.Leave();
        }
    }

    /// <summary>The pages whose grace after their detach is over at <paramref name="now"/>. They stay.</summary>
    public IReadOnlyList<UnloadedPage> Unloaded(Moment now, TimeSpan signalTimeout)
    {
        if (_pages.NextDue > now)
        {
            return [];
        }

        _gate.Enter();
        try
        {
            return _pages.Unloaded(now, signalTimeout);
        }
        finally
        {
            _gate.Leave();
        }
    }

    /// <summary>Pages are gone.</summary>
    public void RemovePages(IReadOnlyList<UnloadedPage> gone)
    {
        _gate.Enter();
        try
        {
            _pages = _pages.Without(gone);
        }
        finally
        {
            _gate.Leave();
        }
    }

    /// <summary>When the next detach of a page becomes final.</summary>
    public Moment NextUnload => _pages.NextDue;

    /// <summary>Whether it was the detach of this page that armed it.</summary>
    public bool IsArmedBy(PageId page)
    {
        _gate.Enter();
        var armedBy = Optional.SelfDestructAt.IsNever ? PageId.None : Optional.ArmedBy;
        _gate.Leave();
        return !page.IsNone && armedBy == page;
    }

    /// <summary>Whether a page has attached and not detached.</summary>
    public bool IsOpenPage(PageId page) => _pages.IsOpen(page);

    /// <summary>How many pages are open, as far as anybody can know.</summary>
    public int CountOpenPages(Moment now, TimeSpan signalTimeout) => _pages.CountOpen(now, signalTimeout);
}
