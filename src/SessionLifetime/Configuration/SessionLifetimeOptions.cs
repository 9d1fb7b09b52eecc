using System.Security.Claims;

namespace SessionLifetime;

/// <summary>
/// How long sessions live and what they may cost. Bound from the configuration section <c>SessionLifetime</c> when the app hands it
/// to <c>AddSessionLifetime</c>; checked at start, every fault at once.
/// </summary>
public sealed class SessionLifetimeOptions
{
    /// <summary>How long the user may be idle before <c>SessionTimeout</c> is raised and the countdown shows.</summary>
    /// <value>20 minutes. Zero means never. Not negative; under 20 seconds is warned of.</value>
    public TimeSpan SessionTimeout { get; set; } = TimeSpan.FromMinutes(20);

    /// <summary>How long the countdown shows before an idle session ends.</summary>
    /// <value>Null, the default: the session's timeout (resolved in <c>SessionTimings</c>). Positive; WCAG 2.2.1 asks for at least 20 seconds.</value>
    public TimeSpan? CountdownDuration { get; set; }

    /// <summary>How long the browser may be silent before the session ends, handled or not.</summary>
    /// <value>Null: the larger of twice the timeout and timeout plus countdown; never when the timeout is zero. Positive; a hidden tab
    /// may ping only once a minute, so at least 130 seconds.</value>
    public TimeSpan? SignalTimeout { get; set; }

    /// <summary>How long a session may live, counted from its start, whatever its user does (OWASP ASVS 5, 7.3.2).</summary>
    /// <value>Null: none. Positive.</value>
    public TimeSpan? AbsoluteTimeout { get; set; }

    /// <summary>How soon a session ends of which no signal comes after its first answer: a bot, a prefetch, a script without the module.</summary>
    /// <value>Null: not sooner than any other; 1 minute for sessions that start with a page. Positive.</value>
    public TimeSpan? UnconfirmedTimeout { get; set; }

    /// <summary>How often the rules are applied to the sessions that nobody asks for. It bounds how late their events are; an expired session is
    /// never served.</summary>
    /// <value>1 minute; from 10 milliseconds to 1 day.</value>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How often an idle page pings.</summary>
    /// <value>Null: the smallest of a third of the timeout, a third of the signal timeout, and 60 seconds; never under 1 second, or 250
    /// milliseconds when the signal timeout is under 3 seconds. At least 100 milliseconds.</value>
    public TimeSpan? KeepAliveInterval { get; set; }

    /// <summary>Whether a page may ask that its session lives as long as the page is open: a stretch restarts the idle clock.</summary>
    /// <value>True. When false, a stretch is an ordinary ping.</value>
    public bool AllowStretch { get; set; } = true;

    /// <summary>How often the hidden frame of a page without script asks for its session to be kept.</summary>
    /// <value>55 seconds, which leave a timeout of one minute some latency. Whole seconds, from 1 second to 1 day.</value>
    public TimeSpan StretchInterval { get; set; } = TimeSpan.FromSeconds(55);

    /// <summary>
    /// The page of the app that a browser is sent to when it opens a page (by GET) with a session that has ended. That page starts none.
    /// </summary>
    /// <value>Null: nowhere; the page is served without a session. A path of the app, such as <c>/expired</c>, without its path base.</value>
    public string? ExpiredPath { get; set; }

    /// <summary>
    /// How long a request in flight holds its session's clocks: from its beginning, and from each piece of its body that arrives. An endpoint may say
    /// otherwise, by <c>WithRequestHold(...)</c>.
    /// </summary>
    /// <value>10 minutes. Positive.</value>
    public TimeSpan MaxRequestHold { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long one event handler may run before it is abandoned and the next one starts. Time in which the process did not run does not count.</summary>
    /// <value>30 seconds. Positive, at most 1 day.</value>
    public TimeSpan HandlerTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How many event handlers, of all sessions together, run at once; those that were abandoned at their time limit do not count. Further ones wait for
    /// their turn, and those that a browser's answer waits for go first. The same number of ended sessions dispose what they owned at once. When
    /// handlers have to wait for the first time, the log says so.
    /// </summary>
    /// <value>64. From 1 to 10,000: no more than the database connections, for example, that handlers may take.</value>
    public int MaxConcurrentHandlers { get; set; } = 64;

    /// <summary>
    /// How long what an ended session owned waits for the requests that still use it, and how long one of its objects may take to be disposed. Time in which
    /// the process did not run does not count.
    /// </summary>
    /// <value>30 seconds. Positive, at most 1 day.</value>
    public TimeSpan DisposalTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long <c>PageUnloaded</c> waits for the next page of the tab after one was unloaded.</summary>
    /// <value>5 seconds. Zero means at once. Not negative.</value>
    public TimeSpan UnloadGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How soon after its last page was unloaded a session ends, unless a signal of it comes.</summary>
    /// <value>Null: it does not end for that. Not negative; at least 10 seconds is recommended, so that a slow next page is in time.</value>
    public TimeSpan? SelfDestructOnUnload { get; set; }

    /// <summary>How many sessions may live at once. One more is refused with 503.</summary>
    /// <value>1,000,000. At least 1.</value>
    public int MaxSessions { get; set; } = 1_000_000;

    /// <summary>How many sessions of one signed-in user may live at once, on all devices together (OWASP ASVS 5, 7.1.2).</summary>
    /// <value>Null: no limit. At least 1.</value>
    public int? MaxSessionsPerUser { get; set; }

    /// <summary>How many sessions, so tabs, of one browser may live at once.</summary>
    /// <value>Null: no limit. At least 1. A browser that takes no cookies cannot be counted; rate limits are for those.</value>
    public int? MaxSessionsPerBrowser { get; set; }

    /// <summary>What happens when one session more would exceed <see cref="MaxSessionsPerUser"/> or <see cref="MaxSessionsPerBrowser"/>.</summary>
    /// <value><see cref="SessionLimitPolicy.RefuseNew"/>.</value>
    public SessionLimitPolicy LimitPolicy { get; set; }

    /// <summary>Whether a session belongs to the browser it was first used in, so that its id is useless elsewhere.</summary>
    /// <value><see cref="BrowserBinding.WhenPossible"/>: as soon as the browser sends the cookie with its key.</value>
    public BrowserBinding BrowserBinding { get; set; }

    /// <summary>The claim that tells users apart. A session belongs to the first user who is signed in when it is used.</summary>
    /// <value>The name identifier claim. Where a principal has no such claim: its <c>sub</c> claim, then its name.</value>
    public string UserClaimType { get; set; } = ClaimTypes.NameIdentifier;

    /// <summary>How long the former id of a session works after the one that replaces it was first used.</summary>
    /// <value>30 seconds, enough for requests that were under way. Not negative; at most 1 hour.</value>
    public TimeSpan IdRotationOverlap { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How many ended sessions are remembered, so that a late request learns why; the oldest are forgotten first.</summary>
    /// <value>100,000. Not negative.</value>
    public int MaxEndedSessions { get; set; } = 100_000;

    /// <summary>How long an ended session is remembered.</summary>
    /// <value>10 minutes. Not negative.</value>
    public TimeSpan EndedSessionRetention { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a stopping server waits for the <c>ApplicationExit</c> handlers of all its sessions together.</summary>
    /// <value>20 seconds: inside the 30 seconds ASP.NET Core gives a stopping host. Not negative, at most 1 day.</value>
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Whether requests that are no activity (pings, endpoints marked alive or none) renew a sliding cookie sign-in.</summary>
    /// <value>False: the sign-in slides with the user, not with an open page. A stretch always renews it.</value>
    public bool PingsSlideAuthentication { get; set; }

    /// <summary>The request header that carries the session's secret id.</summary>
    /// <value><c>X-Session-Id</c>. A header name (RFC 9110, token).</value>
    public string IdHeaderName { get; set; } = "X-Session-Id";

    /// <summary>The request header that names the page a request comes from.</summary>
    /// <value><c>X-Session-Page</c>. A header name (RFC 9110, token).</value>
    public string PageHeaderName { get; set; } = "X-Session-Page";
}
