using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using SessionLifetime.Entries;
using SessionLifetime.Http.Admission;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Tokens;

/// <summary>
/// Tokens that stand for a session once, and for a short while, where its id must not be seen: in a URL, in a cookie. 128 random bits,
/// as <see cref="SessionId"/>, and as secret until they are used.
/// </summary>
/// <remarks>
/// <para>
/// Life: issued to the browser of a session, redeemed by exactly one of those who present it, or expired, or pushed out by newer ones of
/// its session. Whoever presents it without the browser's key is refused and has not touched it: it is worth nothing to them. One for a
/// browser that takes no cookies is worth nothing to a browser that has a key: nobody can lead that to a session of their own.
/// </para>
/// <para>
/// The cache has room for all that as many sessions as there may be can have open, so that no session takes another's place. What has
/// ended leaves its tokens until they expire: only where sessions come and go faster than that can it be full, and then there is no token.
/// While anything is in it, a timer sees to it that what has expired does not stay. A token keeps its session's id, by which a late one
/// still learns why it ended, but not the session.
/// </para>
/// </remarks>
internal sealed class OneTimeTokens : IDisposable
{
    /// <summary>How many of one kind a session may have open at once: reconnects and parallel connections need a few.</summary>
    public const int MaxOutstanding = 8;

    /// <summary>How many of one kind each open page may have, where that is more: it asks for new ones while it still has others.</summary>
    public const int MaxPerPage = 4;

    /// <summary>The most that one session can have, of all kinds.</summary>
    public const int MaxPerSession = (2 * MaxOutstanding) + (MaxPerPage * PageList.MaxPages);

    /// <summary>How long at most what has expired lies about.</summary>
    private static readonly TimeSpan s_tidying = TimeSpan.FromSeconds(30);

    private readonly ConditionalWeakTable<SessionEntry, OutstandingTokens> _bySession = [];
    private readonly BrowserCookie _cookie;
    private readonly BrowserBinding _binding;
    private readonly MemoryCache _cache;
    private readonly ITimer _timer;
    private readonly int _capacity;
    private int _isArmed;

    public OneTimeTokens(BrowserCookie cookie, IOptions<SessionLifetimeOptions> options, TimeProvider time)
    {
        _cookie = cookie;
        _binding = options.Value.BrowserBinding;
        _capacity = (int)Math.Min(int.MaxValue, (long)options.Value.MaxSessions * MaxPerSession);
        _cache = new(new MemoryCacheOptions { SizeLimit = _capacity, Clock = new OneTimeClock(time), ExpirationScanFrequency = TimeSpan.MaxValue });
        _timer = time.CreateTimer(static state => ((OneTimeTokens)state!).Tidy(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many are open, as far as they have not been tidied away.</summary>
    public int Count => _cache.Count;

    /// <summary>Makes a token.</summary>
    /// <param name="use">What it is for.</param>
    /// <param name="entry">The session it stands for.</param>
    /// <param name="secret">The id the session was asked for by.</param>
    /// <param name="browser">The key of the browser that may use it, also one it is only just being given; none where it takes no cookies.</param>
    /// <param name="lifetime">How long it works.</param>
    /// <param name="page">The page that keeps it; none where there is no page yet. Pages that are open do not push out each other's.</param>
    /// <returns>Its text; null when there is no room, or it would have to be in a cookie, or a browser is required, and there is none.</returns>
    public string? Issue(TokenPurpose use, SessionEntry entry, SessionId secret, BrowserKey browser, TimeSpan lifetime, PageId page = default)
    {
        if (browser.IsNone && IsWorthless(use))
        {
            return null;
        }

        var (high, low) = Base64UrlIds.Random();
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
            // Others were faster.
            outstanding.Remove(token);
            return null;
        }

        Arm(lifetime);
        return Base64UrlIds.Format(high, low);
    }

    /// <summary>Uses a token up. Of any number who present it at once, one succeeds.</summary>
    /// <param name="use">What it is presented for.</param>
    /// <param name="text">What was presented; anything that is no token is none.</param>
    /// <param name="request">The request that presents it, with the browser's cookie.</param>
    /// <param name="grant">The session, which the caller has yet to look at, and to be admitted to.</param>
    public bool TryRedeem(TokenPurpose use, string? text, HttpRequest request, out OneTimeGrant grant)
    {
        grant = default;
        if (!Base64UrlIds.TryParse(text, out var high, out var low)
            || !_cache.TryGetValue(new OneTimeKey(use, high, low), out OneTimeToken? token)
            || token is null
            || !IsForBrowserOf(request, token)
            || !token.TryTake())
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

    public void Dispose()
    {
        _timer.Dispose();
        _cache.Dispose();
    }

    /// <summary>Who takes no cookies brings no token in one either.</summary>
    private bool IsWorthless(TokenPurpose use) =>
        _binding == BrowserBinding.Required || (_binding == BrowserBinding.WhenPossible && use == TokenPurpose.Navigation);

    private bool IsForBrowserOf(HttpRequest request, OneTimeToken token) =>
        _binding == BrowserBinding.Off
        || (token.Browser.IsNone ? _cookie.Read(request).IsNone : _cookie.Carries(request.Headers, token.Browser))
        || IsOfFirstPage(token);

    /// <summary>
    /// That is in the page itself, whose script alone can present it, so no other site can. Its browser may have taken another key meanwhile, as
    /// tabs that open at once are each given one; or none.
    /// </summary>
    private static bool IsOfFirstPage(OneTimeToken token) => token.Key.Use == TokenPurpose.HandOver && token.Grant.Entry is { IsBound: false };

    /// <summary>Nothing is pushed out, but what has expired.</summary>
    private void Tidy()
    {
        _cache.Compact(percentage: 0);
        Interlocked.Exchange(ref _isArmed, 0);
        if (_cache.Count > 0)
        {
            Arm(s_tidying);
        }
    }

    private void Arm(TimeSpan after)
    {
        if (Interlocked.Exchange(ref _isArmed, 1) == 0)
        {
            _timer.Change(after < s_tidying ? after : s_tidying, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Two of them are compared in the same time wherever they differ; and records print what they hold.</summary>
    private readonly record struct OneTimeKey(TokenPurpose Use, ulong High, ulong Low)
    {
        public bool Equals(OneTimeKey other) => (((ulong)Use ^ (ulong)other.Use) | (High ^ other.High) | (Low ^ other.Low)) == 0;

        public override int GetHashCode() => (int)(Low ^ (Low >> 32));

        public override string ToString() => "[one-time token]";
    }

    private sealed class OneTimeToken(OneTimeKey key, SessionEntry entry, SessionId secret, BrowserKey browser, PageId page)
    {
        private readonly WeakReference<SessionEntry> _cell = new(entry);
        private int _isTaken;

        public OneTimeKey Key => key;

        public OneTimeGrant Grant => new(_cell.TryGetTarget(out var entry) ? entry : null, secret, browser);

        public BrowserKey Browser => browser;

        public PageId Page => page;

        public bool TryTake() => Interlocked.Exchange(ref _isTaken, 1) == 0;
    }

    /// <summary>The open tokens of one session, oldest first.</summary>
    private sealed class OutstandingTokens
    {
        private readonly List<OneTimeToken> _tokens = [];

        /// <summary>Gives the token that is one too many.</summary>
        public OneTimeToken? Add(OneTimeToken token, SessionEntry entry)
        {
            lock (_tokens)
            {
                _tokens.Add(token);
                var oldest = TooMany(_tokens.FindAll(other => other.Key.Use == token.Key.Use), token, entry);
                if (oldest is not null)
                {
                    _tokens.Remove(oldest);
                }

                return oldest;
            }
        }

        /// <summary>The oldest of a page that has too many; of all too many, the oldest that no page keeps which is still there.</summary>
        private static OneTimeToken? TooMany(List<OneTimeToken> tokens, OneTimeToken latest, SessionEntry entry)
        {
            if (!latest.Page.IsNone && tokens.Count(other => other.Page == latest.Page) > MaxPerPage)
            {
                return tokens.Find(other => other.Page == latest.Page);
            }

            if (tokens.Count <= MaxOutstanding)
            {
                return null;
            }

            var open = tokens.Select(static token => token.Page).Distinct().Count(entry.IsOpenPage);
            return tokens.Count <= Math.Min(open, PageList.MaxPages) * MaxPerPage
                ? null
                : tokens.Find(other => other != latest && !entry.IsOpenPage(other.Page)) ?? tokens[0];
        }

        public void Remove(OneTimeToken token)
        {
            lock (_tokens)
            {
                _tokens.Remove(token);
            }
        }
    }
}
