using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Reading;
using SessionLifetime.Ids;
using SessionLifetime.Sessions;

namespace SessionLifetime.Http.Requests;

/// <summary>
/// A request of the app while its session is on it: it holds the session's clocks, if it is one that does, and its answer hands out a
/// new id, if there is one.
/// </summary>
/// <remarks>
/// <para>
/// It holds until it completes, or until it turns out to be a connection rather than a request: it is upgraded, or answers with an event
/// stream. An open connection says nothing of the user.
/// </para>
/// <para>
/// Its life: taken from a pool, begun, opened when the session is put on the context, closed when the rest of the pipeline is done, which
/// stops the holding, and given back when the server has completed the response. After that the context shows nothing of it: other
/// callbacks of the same request may come later.
/// </para>
/// <para>One that becomes a WebSocket is never given back: there are few, and each is to be small for as long as it lasts.</para>
/// </remarks>
internal sealed class SessionRequest(
    SessionEngine engine,
    IServiceScopeFactory scopes,
    IConnections connections,
    Action<SessionRequest> giveBack) : ISessionRequest
{
    private RequestHold _hold = new();
    private readonly SessionRequestServices _services = new(scopes);
    private HttpContext _context = default!;
    private IHttpResponseFeature _response = default!;
    private SessionEntry _cell = default!;
    private SessionId _sent;
    private bool _isIn;
    private bool _holds;
    private bool _isPlain;

    /// <summary>Whether it has started its session itself: nobody has asked then what else it may become.</summary>
    private bool _isFirst;

    public HttpContext Context => _context;

    public TabSession Session { get; private set; } = default!;

    /// <summary>What its messages tell of the user, should it become a WebSocket.</summary>
    public SessionSignal Signal { get; set; }

    /// <summary>Whether it may be more than a request.</summary>
    public bool IsConnection { get; set; }

    /// <summary>What stays open for it; it leaves when the rest of the pipeline is done.</summary>
    public SessionConnection? Connection { get; set; }

    /// <summary>Whether it belongs to this pool.</summary>
    public bool IsReturnedTo(object pool) => giveBack.Target == pool;

    /// <summary>Counts a request where nothing is due, as <see cref="TryBeginAsync"/>. False says nothing, and has begun nothing.</summary>
    public bool TryBegin(HttpContext context, SessionEntry entry, SessionId sent, bool isActivity)
    {
        if (!engine.TryBegin(entry, isActivity, _hold))
        {
            return false;
        }

        (_context, _cell, _sent, _isIn, _holds, _isPlain) = (context, entry, sent, true, true, false);
        return true;
    }

    /// <summary>
    /// Applies what is due, and counts the request: what the session owns waits for it from here on. False when the session has ended.
    /// </summary>
    public ValueTask<bool> TryBeginAsync(HttpContext context, SessionLookup lookup, SessionSignal signal)
    {
        (_context, _cell, _sent, _isIn, _isPlain) = (context, lookup.Entry!, lookup.Sent, true, lookup.Carrier != SessionCarrier.Header);

        _holds = signal != SessionSignal.None;
        if (_holds)
        {
            return engine.TryBeginAsync(_cell, isActivity: signal == SessionSignal.Activity, _hold);
        }

        _cell.EnterRequest();
        return LooksAliveAsync();
    }

    /// <summary>Begins a request that has started its session itself, and handed out the id.</summary>
    public void Begin(HttpContext context, RequestHold started, bool isPlain)
    {
        (_context, _cell, _sent, _isIn, _holds, _isPlain, _isFirst) = (context, started.Entry, started.Entry.Secret, true, true, isPlain, true);
        _cell.EnterRequest();
        _cell.TryHold(_hold.For(_cell, started.IsActivity, started.Until), _cell.LastSignal);
        engine.Release(started);
    }

    /// <summary>Puts the session on the context.</summary>
    public void Open(IHttpResponseFeature response)
    {
        (Session, _response) = (engine.TabSessionOf(_cell), response);
        var features = _context.Features;
        features.Put<ITabSessionFeature>(Session);
        _services.Open(_context, features, Session);
        if (IsConnection && connections.Opened(_context, this))
        {
            return;
        }

        if (!response.HasStarted)
        {
            response.OnStarting(static state => ((SessionRequest)state).OnStarting(), this);
        }

        response.OnCompleted(static state => ((SessionRequest)state).OnCompleted(), this);
    }

    /// <summary>The rest of the pipeline is done. A second call does nothing.</summary>
    public void Close()
    {
        if (_isIn)
        {
            _isIn = false;
            Connection?.Leave();
            _services.Leave();
            if (_holds)
            {
                engine.Leave(_hold, _cell);
            }
            else
            {
                _cell.LeaveRequest();
            }
        }
    }

    /// <summary>Closes a request whose session was never put on the context.</summary>
    public void Abandon()
    {
        Close();
        GiveBack();
    }

    private Task OnCompleted()
    {
        Close();
        GiveBack();
        return Task.CompletedTask;
    }

    /// <summary>
    /// It is a connection from here on, and holds the clocks no longer. It may stay for days: what only requests need is let go, and it is not
    /// used again.
    /// </summary>
    public void Detach()
    {
        Release();
        (_hold, _holds) = (null!, false);
    }

    private void Release()
    {
        if (_holds)
        {
            engine.Release(_hold);
        }
    }

    private void GiveBack()
    {
        _services.Reset();
        _hold.Clear();
        (_context, _response, _cell, Session, _sent, _holds) = (default!, default!, default!, default!, default, false);
        (IsConnection, Connection, _isFirst) = (false, null, false);
        giveBack(this);
    }

    /// <summary>It waits for nobody, unless only late handlers can tell whether the session still lives.</summary>
    private async ValueTask<bool> LooksAliveAsync() => await engine.ApplyDueRulesAndWaitInDoubtAsync(_cell) != DueRulesResult.Ended;

    private Task OnStarting()
    {
        Look(_response);
        return Task.CompletedTask;
    }

    /// <summary>Every way to upgrade starts a response, wherever in the pipeline the feature behind it was taken from.</summary>
    private void Look(IHttpResponseFeature response)
    {
        if (response.StatusCode == StatusCodes.Status101SwitchingProtocols
            || ((IsConnection || _isFirst) && _context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true }))
        {
            Release();
            return;
        }

        if (response.Headers.ContentType is [{ } type] && type.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase))
        {
            Release();
            connections.Streams(_context, this);
        }

        // What no script reads is not handed out there, nor to a user who turned out to be another.
        if (!_isPlain
            && _cell.NewerThan(_sent) is { } newer
            && RequestOrigin.IsSame(_context.Request)
            && _context.Features.Find<ITabSessionFeature>() is not null)
        {
            HandOut(newer);
        }
    }

    /// <summary>
    /// Into no cache: this late, the output cache has its copy already, and browsers and proxies heed the header. A 304 would write it into
    /// what a browser has stored before.
    /// </summary>
    private void HandOut(SessionId id)
    {
        if (!_cell.IsEnded && _context.Response.StatusCode != StatusCodes.Status304NotModified)
        {
            _context.Response.Headers[SessionHeaders.Id] = id.Reveal();
            _context.Response.Headers.CacheControl = "no-store";
        }
    }
}
