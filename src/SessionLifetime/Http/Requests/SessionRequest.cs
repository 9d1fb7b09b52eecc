using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Reading;
using SessionLifetime.Ids;
using SessionLifetime.Sessions;
using SessionLifetime.Time;

namespace SessionLifetime.Http.Requests;

/// <summary>
/// A request of the app that has a session: holds the session's clocks while it is in flight, puts the session on the context, and adds the
/// session's new id to the answer, where there is one.
/// </summary>
/// <remarks>
/// <para>
/// It holds until it completes, or until it turns out to be a connection: it is upgraded, or answers with an event stream. An open connection
/// says nothing of the user.
/// </para>
/// <para>
/// Life: taken from a pool; begun; served, which puts the session on the context; closed when the rest of the pipeline is done, which ends the
/// hold; returned to the pool when the server has completed the response. From then on no feature of the context refers to it, since callbacks
/// of the same request may still follow.
/// </para>
/// <para>
/// A middleware in front may go on without the rest of the pipeline (a time limit, a race of two tasks): the response completes while the pipeline
/// runs. Such a request stays with its session until the pipeline is done, and is never returned.
/// </para>
/// <para>A request that becomes a WebSocket is never returned: there are few, and each is to keep little memory for as long as it lasts.</para>
/// </remarks>
internal sealed class SessionRequest(
    SessionEngine engine,
    IServiceScopeFactory scopes,
    IConnections connections,
    RequestFailures failures,
    object owner,
    Action<SessionRequest> returnToPool) : ISessionRequest, IUploadHold
{
    /// <summary>How often an upload holds anew, at most, in the time for which a request holds.</summary>
    private const int Renewals = 8;

    private SessionHold _hold = new();
    private SessionRequestServices? _services;
    private HttpContext _context = default!;
    private IHttpResponseFeature _response = default!;
    private SessionEntry _entry = default!;
    private SessionId _sent;
    private TimeSpan _holdFor;
    private Moment _renewAt;
    private volatile int _generation;
    private bool _isInSession;
    private volatile bool _isClosed;
    private bool _isServed;
    private bool _holds;
    private bool _isPlain;
    private bool _isConnection;
    private bool _mayBeUpgraded;
    private bool _mayHaveBody;

    /// <summary>The pool it belongs to.</summary>
    public object Owner => owner;

    public HttpContext Context => _context;

    public TabSession Session { get; private set; } = default!;

    public SessionSignal MessageSignal { get; private set; }

    public SessionConnection? Connection { get; set; }

    /// <summary>
    /// Begins a request whose session was found: counts it, after the rules that are due. What the session owns is not disposed before
    /// <see cref="Close"/>. False when the session has ended; close it all the same.
    /// </summary>
    public ValueTask<bool> TryBeginAsync(HttpContext context, in RequestClassification classified, in SessionLookup lookup, bool disarms = true)
    {
        _context = context;
        _response = classified.Response;
        _entry = lookup.Entry!;
        _sent = lookup.Sent;
        _isInSession = true;
        _isPlain = lookup.Carrier != SessionCarrier.Header;
        _isClosed = _isServed = false;
        MessageSignal = classified.Declared;
        _isConnection = _mayBeUpgraded = classified.IsConnection;
        _holds = classified.Signal != SessionSignal.None;
        _holdFor = classified.Hold;
        _mayHaveBody = _holds && !HttpMethods.IsGet(classified.Sent.Method);
        if (_holds)
        {
            return engine.TryBeginAsync(_entry, isActivity: classified.Signal == SessionSignal.Activity, _hold, _holdFor, disarms);
        }

        _entry.EnterRequest();
        return IsAliveAsync();
    }

    /// <summary>Begins a request that has started its session, and whose answer carries the id already.</summary>
    /// <param name="context">The request.</param>
    /// <param name="started">The hold under which the session was started; released here.</param>
    /// <param name="isPlain">Whether the browser navigates, so that no script reads the headers of the answer.</param>
    public void Begin(HttpContext context, SessionHold started, bool isPlain)
    {
        _response = context.Features.Find<IHttpResponseFeature>()!;
        (_context, _entry, _sent, _isInSession, _isPlain) = (context, started.Entry, started.Entry.Secret, true, isPlain);
        (_isClosed, _isServed) = (false, false);
        (MessageSignal, _isConnection, _mayBeUpgraded) = (SessionSignal.Activity, false, HttpMethods.IsConnect(context.Request.Method));
        (_holds, _mayHaveBody) = (true, !HttpMethods.IsGet(context.Request.Method));
        _entry.EnterRequest();
        _entry.TryHold(_hold.For(_entry, started.IsActivity, started.Until), _entry.LastSignal);
        engine.Release(started);
    }

    /// <summary>Runs the rest of the pipeline with the session on the context; without a state machine where the pipeline completes at once.</summary>
    public Task ServeAsync(RequestDelegate next)
    {
        Task serving;
        try
        {
            _isServed = true;
            Open();
            serving = next(_context);
            if (!serving.IsCompletedSuccessfully)
            {
                return CloseAfterAsync(serving);
            }
        }
        catch (Exception exception)
        {
            failures.Explain(exception);
            Close();
            throw;
        }

        Close();
        return serving;
    }

    /// <summary>Puts the session on the context.</summary>
    public void Open()
    {
        var features = _context.Features;
        Session = engine.TabSessionOf(_entry);
        features.Put<TabSession>(Session);
        (_services ??= new(this, scopes)).Open(features);
        if (_isConnection && connections.Open(_context, this))
        {
            return;
        }

        if (_mayHaveBody && UploadBody.TryWrap(features, this, _generation))
        {
            PlanRenewal();
        }

        if (!_response.HasStarted)
        {
            _response.OnStarting(static state => ((SessionRequest)state).OnStarting(), this);
        }

        _response.OnCompleted(static state => ((SessionRequest)state).OnCompleted(), this);
    }

    /// <summary>The rest of the pipeline is done. A second call does nothing.</summary>
    public void Close()
    {
        if (_isInSession)
        {
            _isInSession = false;
            _generation++;
            Connection?.Leave();
            _services?.Leave();
            if (_holds)
            {
                engine.Leave(_hold, _entry);
            }
            else
            {
                _entry.LeaveRequest();
            }

            // Last: from here on the completed response may give the object to another request.
            _isClosed = true;
        }
    }

    /// <summary>Closes a request that was not served.</summary>
    public void Abandon()
    {
        Close();
        Return();
    }

    public bool IsRenewalDue(int generation) => generation == _generation && _holds && engine.Directory.Now >= _renewAt;

    public async ValueTask HoldAnewAsync()
    {
        PlanRenewal();
        _holds = await engine.TryHoldAnewAsync(_hold, _holdFor);
    }

    public void ReleaseForConnection()
    {
        Release();
        (_hold, _holds) = (null!, false);
    }

    private void PlanRenewal() => _renewAt = engine.Directory.Now + (engine.HoldOf(_holdFor) / Renewals);

    private async Task CloseAfterAsync(Task serving)
    {
        try
        {
            await serving;
        }
        catch (Exception exception) when (failures.Explain(exception))
        {
            // Never: it only looks.
        }
        finally
        {
            Close();
        }
    }

    private Task OnCompleted()
    {
        if (!_isServed)
        {
            // Opened in the midst of a request that had no session.
            Close();
        }

        // Not closed: the pipeline is still running, and closes it.
        if (_isClosed)
        {
            Return();
        }

        return Task.CompletedTask;
    }

    private void Release()
    {
        if (_holds)
        {
            engine.Release(_hold);
        }
    }

    private void Return()
    {
        _services?.Reset(_context);
        _hold.Clear();
        (_context, _response, _entry, Session, Connection) = (default!, default!, default!, default!, null);
        (_sent, _holds, _holdFor) = (default, false, default);
        returnToPool(this);
    }

    private async ValueTask<bool> IsAliveAsync() => await engine.LookAsync(_entry, waitForHandlers: false) != DueRulesResult.Ended;

    /// <summary>Every upgrade starts a response, whichever feature accepted it.</summary>
    private Task OnStarting()
    {
        if (_response.StatusCode == StatusCodes.Status101SwitchingProtocols
            || (_mayBeUpgraded && _context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true }))
        {
            Release();
            return Task.CompletedTask;
        }

        var headers = _response.Headers;
        if (headers.ContentType is [{ } type] && type.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase))
        {
            Release();
            connections.OnEventStream(_context, this);
        }

        // Only into answers that a script reads.
        var movedActivity = _hold is { MovedActivity: true };
        return _isPlain || !SessionAnswer.HasNews(_response.StatusCode, _entry, movedActivity)
            ? Task.CompletedTask
            : SessionAnswer.CompleteAsync(_context, _response, _entry, _sent, movedActivity);
    }
}
