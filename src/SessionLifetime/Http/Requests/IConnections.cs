using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using SessionLifetime.Http.Admission;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Requests;

/// <summary>What the middleware asks of the part that handles connections: WebSockets, event streams, long polls.</summary>
internal interface IConnections
{
    /// <summary>
    /// Reads the id of a request without the id header from its subprotocol or its ticket, and removes that from the request, so that the app does not
    /// see it. False when there is neither.
    /// </summary>
    bool TryTakeId(HttpContext context, out StringValues id);

    /// <summary>Removes subprotocol and ticket from a connection whose id is in the header.</summary>
    void Hide(HttpContext context);

    /// <summary>
    /// Called when a request that may become a connection has its session on the context. True when it may become a WebSocket: the WebSocket then
    /// completes the request.
    /// </summary>
    bool Open(HttpContext context, ISessionRequest request);

    /// <summary>Called when a request is about to answer with an event stream.</summary>
    void OnEventStream(HttpContext context, ISessionRequest request);

    /// <summary>Whether the request names an open hub connection of another session than its own.</summary>
    /// <param name="context">The request.</param>
    /// <param name="session">The request's session; null where it has none.</param>
    bool IsOfAnother(HttpContext context, PublicId? session);

    /// <summary>
    /// Whether a request of an ended session belongs to a hub connection of that session that is still being closed: it may pass, to fetch the
    /// close message.
    /// </summary>
    bool IsClosing(HttpContext context, SessionLookup lookup);

    /// <summary>
    /// Accepts a WebSocket that offered the library's subprotocol and closes it with the code of the refusal, since browsers do not let a page read
    /// the answer of a handshake. False for any other request.
    /// </summary>
    bool TryRefuse(HttpContext context, SessionLookup lookup, out Task refusing);
}
