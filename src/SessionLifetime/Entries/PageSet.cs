using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <summary>
/// The pages of one session. A single open page is stored inline; several, or detached ones, in a <see cref="PageList"/>, until one open page is
/// left. A field, never copied. Changed inside the entry's gate; <see cref="Heard"/> and
/// <see cref="CountOpen"/> come without it.
/// </summary>
/// <remarks>
/// A page that is heard of in the moment it moves from here to the others is told to them as well. In the moment it moves back its stamp
/// may be lost: then it stands where it was moved to, which is the moment another page attached.
/// </remarks>
[StructLayout(LayoutKind.Auto)]
internal struct PageSet
{
    /// <summary>How exactly it is known when an only page was last heard of.</summary>
    private const long Step = TimeSpan.TicksPerSecond;

    private PageList? _many;
    private InlinePage _only;

    /// <summary>When the next detach becomes final.</summary>
    public readonly Moment NextDue => _many?.NextDue ?? Moment.Never;

    /// <summary>A page attaches. It takes the place of the page its tab showed before, open or detached.</summary>
    public void Attach(PageId id, PageId tab, Moment now, TimeSpan signalTimeout)
    {
        if (_many is null && InlinePage.Fits(id, tab) && (_only.IsNone || _only.Tab == tab || _only.Is(id)))
        {
            _only.Set(id, tab, now);
            return;
        }

        var many = Many();
        many.Attach(id, tab, now, signalTimeout);
        if (many.OnlyOne is { } page && InlinePage.Fits(page.Id, page.Tab))
        {
            _only.Set(page.Id, page.Tab, page.LastHeard);
            Volatile.Write(ref _many, null);
        }
    }

    /// <summary>Whether it is worth telling which page was heard of.</summary>
    public readonly bool Listens(Moment now) => Volatile.Read(in _many) is not null || (now.Ticks - _only.LastHeard.Ticks > Step && !_only.IsNone);

    /// <summary>A request came from this page; an unknown page is ignored.</summary>
    public void Heard(PageId id, Moment now)
    {
        if (Volatile.Read(ref _many) is null && _only.Is(id))
        {
            _only.LastHeard = now;
        }

        Volatile.Read(ref _many)?.Heard(id, now);
    }

    /// <summary>A page was unloaded. False, and nothing changes, for one that is unknown, has left already, or was silent for the signal timeout.</summary>
    public bool TryDetach(PageId id, bool persisted, Moment now, TimeSpan grace, TimeSpan signalTimeout) =>
        (_many is not null || _only.Is(id)) && Many().TryDetach(id, persisted, now, grace, signalTimeout);

    public readonly bool TryTakeUnloaded(Moment now, TimeSpan signalTimeout, [NotNullWhen(true)] out UnloadedPage? unloaded)
    {
        unloaded = null;
        return _many?.TryTakeUnloaded(now, signalTimeout, out unloaded) ?? false;
    }

    /// <summary>Whether a page has attached and not detached. Comes without the gate.</summary>
    public readonly bool IsOpen(PageId id) => Volatile.Read(in _many) is { } many ? many.IsOpen(id) : !id.IsNone && _only.Is(id);

    /// <summary>How many pages are open; those silent for the signal timeout are gone without a word.</summary>
    public readonly int CountOpen(Moment now, TimeSpan signalTimeout) =>
        Volatile.Read(in _many) is { } many ? many.CountOpen(now, signalTimeout)
        : !_only.IsNone && _only.LastHeard + signalTimeout > now ? 1
        : 0;

    /// <summary>A set of these pages.</summary>
    public static PageSet Of(IEnumerable<SessionPage> pages)
    {
        var made = default(PageSet);
        made.Restore(pages);
        return made;
    }

    /// <summary>The pages whose grace is over. They stay.</summary>
    public readonly IReadOnlyList<UnloadedPage> Unloaded(Moment now, TimeSpan signalTimeout)
    {
        // On a copy: taking them changes it.
        var copy = Of(Read());
        var unloaded = new List<UnloadedPage>();
        while (copy.TryTakeUnloaded(now, signalTimeout, out var page))
        {
            unloaded.Add(page);
        }

        return unloaded;
    }

    /// <summary>The pages without those that are gone; one that has come back since stays.</summary>
    public readonly PageSet Without(IReadOnlyList<UnloadedPage> gone) =>
        Of(Read().Where(page => page.UnloadAt.IsNever || !gone.Any(one => one.Id == page.Id)));

    /// <summary>The pages of a session that was read from a backing store. Before anybody else has it.</summary>
    private void Restore(IEnumerable<SessionPage> pages)
    {
        foreach (var page in pages)
        {
            if (_many is null && page.UnloadAt.IsNever && _only.IsNone && InlinePage.Fits(page.Id, page.Tab))
            {
                _only.Set(page.Id, page.Tab, page.LastHeard);
            }
            else
            {
                Many().Restore(page);
            }
        }
    }

    /// <summary>What happened to pages, in order.</summary>
    public void Apply(IReadOnlyList<PageChange> changes, TimeSpan signalTimeout)
    {
        foreach (var change in changes)
        {
            if (change.Detach is { } detach)
            {
                TryDetach(change.Page, detach.Persisted, change.At, detach.Grace, signalTimeout);
            }
            else
            {
                Attach(change.Page, change.Tab, change.At, signalTimeout);
            }
        }
    }

    /// <summary>All pages: open ones, and detached ones.</summary>
    public readonly IReadOnlyList<SessionPage> Read() =>
        _many?.Read() ?? (_only.IsNone ? [] : [new SessionPage(_only.Id, _only.Tab, _only.LastHeard)]);

    private PageList Many()
    {
        if (_many is null)
        {
            var many = new PageList();
            if (!_only.IsNone)
            {
                many.Open(new SessionPage(_only.Id, _only.Tab, _only.LastHeard));
            }

            Volatile.Write(ref _many, many);
            Interlocked.MemoryBarrier();
            if (!_only.IsNone)
            {
                // Heard of meanwhile by a thread that has not seen the list yet.
                many.Heard(_only.Id, _only.LastHeard);
                _only.Clear();
            }
        }

        return _many;
    }
}
