using SessionLifetime.Entries;
using SessionLifetime.Policy;

namespace SessionLifetime.Directories;

/// <summary>The places of sessions among those of their browser and of their user, within the limits.</summary>
internal sealed class SessionPlaces(SessionRegistry registry, SessionDirectoryLimits limits)
{
    private readonly BrowserIndex _byBrowser = new(registry);
    private readonly SessionGroups<string> _byUser = new(static (owner, user) => string.Equals(owner.User, user, StringComparison.Ordinal));

    /// <summary>How many browsers and how many users have sessions.</summary>
    public (int Browsers, int Users) Count => (_byBrowser.Count, _byUser.Count);

    /// <summary>Takes places for a session with an owner.</summary>
    public PlacementResult Enter(SessionEntry entry, SessionOwner owner) =>
        owner.BrowserId is { } browser
        && _byBrowser.Enter(browser, entry, limits.MaxSessionsPerBrowser ?? int.MaxValue) is var entered and not PlacementResult.Added ? entered
        : owner.User is { } user && !_byUser.TryEnter(user, entry, limits.MaxSessionsPerUser ?? int.MaxValue) ? PlacementResult.UserFull
        : PlacementResult.Added;

    /// <summary>Gives the places of a session back.</summary>
    public void Leave(SessionEntry entry, SessionOwner owner)
    {
        _byBrowser.Leave(entry);
        if (owner.User is { } user)
        {
            _byUser.Leave(user, entry);
        }
    }

    /// <summary>Makes the places of a session right after it was, or was to be, given to an owner, or has ended.</summary>
    public void Settle(SessionEntry entry, SessionOwner owner)
    {
        if (owner.BrowserId is { } browser)
        {
            _byBrowser.Settle(browser, entry);
        }

        if (owner.User is { } user)
        {
            _byUser.Settle(user, entry);
        }
    }

    /// <summary>The sessions among which those are that a filter means; null where it names neither a browser nor a user.</summary>
    public SessionEntry[]? Candidates(SessionFilter filter) =>
        filter.Browser is { } browser ? _byBrowser.Members(browser)
        : filter.User is { } user ? _byUser.Members(user)
        : null;

    /// <summary>Asks the processor for the memory that the ends of these sessions will touch.</summary>
    public void Prefetch(ReadOnlySpan<SessionEntry> entries)
    {
        foreach (var entry in entries)
        {
            _byBrowser.Prefetch(entry);
        }
    }
}
