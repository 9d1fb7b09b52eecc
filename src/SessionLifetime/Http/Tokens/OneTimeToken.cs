using SessionLifetime.Entries;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Tokens;

/// <summary>A token that was issued and is not used up. It refers weakly to its session and keeps the id.</summary>
internal sealed class OneTimeToken(OneTimeKey key, SessionEntry entry, SessionId secret, BrowserKey browser, PageId page)
{
    private readonly WeakReference<SessionEntry> _entry = new(entry);
    private int _isTaken;

    public OneTimeKey Key => key;

    public OneTimeGrant Grant => new(_entry.TryGetTarget(out var entry) ? entry : null, secret, browser);

    public BrowserKey Browser => browser;

    public PageId Page => page;

    public bool TryTake() => Interlocked.Exchange(ref _isTaken, 1) == 0;
}
