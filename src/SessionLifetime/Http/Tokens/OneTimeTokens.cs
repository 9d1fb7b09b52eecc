using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using SessionLifetime.Cluster;
using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Http.Admission;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Tokens;

/// <summary>
/// Tokens that name a session once and for a short time, where its id must not appear: in a URL, in a cookie. 128 random bits, like
/// <see cref="SessionId"/>, and as secret until they are used.
/// </summary>
/// <remarks>
/// <para>
/// Life: issued for the browser of a session; redeemed by exactly one request, or expired, or replaced by newer ones of its session. A request without
/// the browser's key is refused and does not use the token up. A token for a browser without cookies cannot be used by a browser that has a key:
/// otherwise an attacker could give another browser the attacker's session.
/// </para>
/// <para>
/// The cache has room for the open tokens of the maximum number of sessions, so that no session takes another's room. Tokens of ended sessions stay
/// until they expire; only if sessions start and end faster than that is the cache full, and no token is issued. While the cache is not empty, a timer
/// removes expired tokens. A token refers weakly to its session and keeps the id, so that a late request still learns why the session ended.
/// </para>
/// </remarks>
internal sealed class OneTimeTokens : IDisposable
{
    /// <summary>How long expired tokens stay at most.</summary>
    private static readonly TimeSpan s_cleanupInterval = TimeSpan.FromSeconds(30);

    private readonly ConditionalWeakTable<SessionEntry, OutstandingTokens> _bySession = [];
    private readonly BrowserCookie _cookie;
    private readonly BrowserBinding _binding;
    private readonly MemoryCache _cache;
    private readonly ITimer _timer;
    private readonly SharedTokens? _shared;
    private readonly SessionDirectory? _directory;
    private readonly int _capacity;
    private int _isArmed;

    /// <param name="cookie">Reads the browser's key.</param>
    /// <param name="options">The options.</param>
    /// <param name="time">The time by which tokens expire.</param>
    /// <param name="shared">Where sessions are in a store: so are the tokens, until the request that uses one reaches this node.</param>
    /// <param name="directory">Finds the sessions of tokens from the store.</param>
    public OneTimeTokens(
        BrowserCookie cookie, IOptions<SessionLifetimeOptions> options, TimeProvider time, SharedTokens? shared = null, SessionDirectory? directory = null)
    {
        (_shared, _directory) = (shared, directory);
        _cookie = cookie;
        _binding = options.Value.BrowserBinding;
        _capacity = (int)Math.Min(int.MaxValue, (long)options.Value.MaxSessions * OutstandingTokens.MaxPerSession);
        _cache = new(new MemoryCacheOptions { SizeLimit = _capacity, Clock = new OneTimeClock(time), ExpirationScanFrequency = TimeSpan.MaxValue });
        _timer = time.CreateTimer(static state => ((OneTimeTokens)state!).RemoveExpired(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many are open, with those that have expired and are not removed yet.</summary>
    public int Count => _cache.Count;

    /// <summary>Makes a token.</summary>
    /// <param name="use">What it is for.</param>
    /// <param name="entry">The session it names.</param>
    /// <param name="secret">The id that the request used.</param>
    /// <param name="browser">The key of the browser that may use it, also one that is set by this answer; none for a browser without cookies.</param>
    /// <param name="lifetime">How long it works.</param>
    /// <param name="page">The page that keeps it; none where there is no page yet. Tokens of open pages do not replace each other.</param>
    /// <returns>Its text; null where the limit is reached, and where a token without a browser key could not be used.</returns>
    public string? Issue(TokenPurpose use, SessionEntry entry, SessionId secret, BrowserKey browser, TimeSpan lifetime, PageId page = default)
    {
        if (browser.IsNone && NeedsBrowser(use))
        {
            return null;
        }

        var (high, low) = RandomBits.Next128();
        if (_shared is not null)
        {
            _shared.Put(use.ToString(), new(high, low), entry, secret, browser, page, lifetime, OutstandingTokens.MaxPerSession);
            return Base64UrlIds.Format(high, low);
        }

        var token = new OneTimeToken(new OneTimeKey(use, high, low), entry, secret, browser, page);
        var outstanding = _bySession.GetOrCreateValue(entry);
        if (outstanding.Add(token, entry) is { } oldest && oldest.TryTake())
        {
            _cache.Remove(oldest.Key);
        }

        if (_cache.Count >= _capacity)
        {
            outstanding.Remove(token);
            return null;
        }

        _cache.Set(token.Key, token, new MemoryCacheEntryOptions
        {
            Size = 1,
            AbsoluteExpirationRelativeToNow = lifetime,
            Priority = CacheItemPriority.NeverRemove,
        });
        if (!_cache.TryGetValue(token.Key, out _))
        {
            // The cache is full: other threads added tokens meanwhile.
            outstanding.Remove(token);
            return null;
        }

        Arm(lifetime);
        return Base64UrlIds.Format(high, low);
    }

    /// <summary>
    /// Brings a token from the store here, where sessions are in one and the request may use it: of all requests that carry it, one has it.
    /// </summary>
    /// <param name="use">What the request uses it for.</param>
    /// <param name="text">The token as it was sent.</param>
    /// <param name="request">The request that carries it, with the browser's cookie.</param>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask ImportAsync(TokenPurpose use, string? text, HttpRequest request)
    {
        if (_shared is null || _directory is null || !Base64UrlIds.TryParse(text, out var high, out var low))
        {
            return;
        }

        var key = BrowserKey.None;
        bool IsForBrowser(string? hash)
        {
            key = hash is null ? BrowserKey.None : _cookie.Find(request.Headers, hash);
            return _binding == BrowserBinding.Off || (hash is null ? _cookie.Read(request).IsNone : !key.IsNone) || use == TokenPurpose.HandOver;
        }

        if (await _shared.TakeAsync(use.ToString(), new(high, low), IsForBrowser) is not { } grant
            || !PublicId.TryParse(grant.SessionId, out var id)
            || await _directory.FindAsync(id, request.HttpContext.RequestAborted) is not { } entry)
        {
            return;
        }

        // For the moment between here and the request's own use of it.
        var token = new OneTimeToken(new OneTimeKey(use, high, low), entry, grant.Secret, key, grant.Page);
        _bySession.GetOrCreateValue(entry).Add(token, entry);
        _cache.Set(token.Key, token, new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = s_cleanupInterval, Priority = CacheItemPriority.NeverRemove });
        Arm(s_cleanupInterval);
    }

    /// <summary>Uses a token up. Of concurrent requests with the same token one succeeds.</summary>
    /// <param name="use">What the request uses it for.</param>
    /// <param name="text">The token as it was sent.</param>
    /// <param name="request">The request that carries it, with the browser's cookie.</param>
    /// <param name="grant">The session. The caller still has to be admitted to it, and the rules that are due are not applied.</param>
    public bool TryRedeem(TokenPurpose use, string? text, HttpRequest request, out OneTimeGrant grant)
    {
        grant = default;
        if (Find(use, text, request) is not { } token || !token.TryTake())
        {
            return false;
        }

        _cache.Remove(token.Key);
        grant = token.Grant;
        if (grant.Entry is { } entry && _bySession.TryGetValue(entry, out var outstanding))
        {
            outstanding.Remove(token);
        }

        return true;
    }

    /// <summary>Whether the request could use the token. Does not use it up.</summary>
    public bool IsOpen(TokenPurpose use, string? text, HttpRequest request) => Find(use, text, request) is not null;

    /// <summary>The session of a token that was brought here from the store; null where there is none.</summary>
    public SessionEntry? FindImported(TokenPurpose use, string? text, HttpRequest request) => _shared is null ? null : Find(use, text, request)?.Grant.Entry;

    public void Dispose()
    {
        _timer.Dispose();
        _cache.Dispose();
    }

    private OneTimeToken? Find(TokenPurpose use, string? text, HttpRequest request) =>
        Base64UrlIds.TryParse(text, out var high, out var low)
        && _cache.TryGetValue(new OneTimeKey(use, high, low), out OneTimeToken? token)
        && token is not null
        && IsForBrowserOf(request, token)
            ? token
            : null;

    /// <summary>Whether a token without a browser key could not be used: keys are required, or the token is itself sent in a cookie.</summary>
    private bool NeedsBrowser(TokenPurpose use) =>
        _binding == BrowserBinding.Required || (_binding == BrowserBinding.WhenPossible && use == TokenPurpose.Navigation);

    private bool IsForBrowserOf(HttpRequest request, OneTimeToken token) =>
        _binding == BrowserBinding.Off
        || (token.Browser.IsNone ? _cookie.Read(request).IsNone : _cookie.Carries(request.Headers, token.Browser))
        || IsOfFirstPage(token);

    /// <summary>
    /// Whether the token is in the page of an unbound session. Only a script of that page can send it, so no other site can. The browser may have
    /// another key meanwhile, since tabs that open at once are each given one, or none.
    /// </summary>
    private static bool IsOfFirstPage(OneTimeToken token) => token.Key.Use == TokenPurpose.HandOver && token.Grant.Entry is { IsBound: false };

    /// <summary>Removes expired tokens, and nothing else.</summary>
    private void RemoveExpired()
    {
        _cache.Compact(percentage: 0);
        Interlocked.Exchange(ref _isArmed, 0);
        if (_cache.Count > 0)
        {
            Arm(s_cleanupInterval);
        }
    }

    private void Arm(TimeSpan after)
    {
        if (Interlocked.Exchange(ref _isArmed, 1) == 0)
        {
            _timer.Change(after < s_cleanupInterval ? after : s_cleanupInterval, Timeout.InfiniteTimeSpan);
        }
    }
}
