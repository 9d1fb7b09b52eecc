using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using SessionLifetime.Http.Admission;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Requests;

/// <summary>
/// What happens to requests that are connections rather than requests: WebSockets, event streams, long polls. All that requests know of
/// them.
/// </summary>
internal interface IConnections
{
    /// <summary>
    /// Reads the id of a request without the id header from where a connection can carry it, and hides it from the app. False when it
    /// carries none there either.
    /// </summary>
    bool TryTakeId(HttpContext context, out StringValues id);

    /// <summary>Hides from the app what a connection whose id is in the header says of it elsewhere.</summary>
    void Hide(HttpContext context);

    /// <summary>A request that may become a connection has its session on the context. True when it is to be a WebSocket, and all else is seen to.</summary>
    bool Opened(HttpContext context, ISessionRequest request);

    /// <summary>A request is about to answer with an event stream.</summary>
    void Streams(HttpContext context, ISessionRequest request);

    /// <summary>Whether a request names an open connection that belongs to another session than the one it has, which may be none.</summary>
    bool IsOfAnother(HttpContext context, PublicId? session);

    /// <summary>Whether a request of an ended session belongs to a connection of that session that is still being closed: it may come, to be told so.</summary>
    bool IsClosing(HttpContext context, SessionLookup lookup);

    /// <summary>Tells a WebSocket that speaks the protocol why it is refused, which no browser lets a page read from an answer.</summary>
    bool TryRefuse(HttpContext context, SessionLookup lookup, out Task telling);
}
