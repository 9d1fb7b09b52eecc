using Microsoft.AspNetCore.Http;
using SessionLifetime.Sessions;

namespace SessionLifetime.Http.Requests;

/// <summary>A request that has a session, as the connection it may become sees it.</summary>
internal interface ISessionRequest
{
    HttpContext Context { get; }

    TabSession Session { get; }

    /// <summary>How messages of the connection count for the session.</summary>
    SessionSignal MessageSignal { get; }

    /// <summary>The connection that is open for the request; it leaves its session when the rest of the pipeline is done.</summary>
    SessionConnection? Connection { get; set; }

    /// <summary>Stops holding the session's clocks, and never returns to the pool: the connection may stay open for days.</summary>
    void ReleaseForConnection();
}
