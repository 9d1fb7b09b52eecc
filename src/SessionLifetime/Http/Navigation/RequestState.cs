using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Http.Navigation;

/// <summary>
/// What the library keeps of one request beside its session: one feature, made when there is something to keep. A request that carries the id
/// of its living session in the header never has one.
/// </summary>
/// <remarks>
/// An error page runs the pipeline a second time with the same features: it finds here what the first run found out. The session itself is a feature
/// of its own, since the app reads that one, and may read it late: it must never be an object that another request reuses.
/// </remarks>
internal sealed class RequestState
{
    /// <summary>Whether the middleware has seen the request, of an endpoint of the library: a lifecycle call.</summary>
    public bool IsSeen { get; private set; }

    /// <summary>Whether nobody was signed in then.</summary>
    public bool WasAnonymous { get; private set; }

    /// <summary>Whether the request may reach an endpoint that requires a session although its session has ended: its connection is being closed.</summary>
    public bool IsForClosing { get; set; }

    /// <summary>Whether it is this request's turn in its session's queue: its error page must not wait for it again.</summary>
    public bool HasTurn { get; set; }

    /// <summary>What was found for a request without the id header.</summary>
    public PlainRequest? Plain { get; set; }

    /// <summary>The renewed sign-in that was withheld because the request tells nothing of its user.</summary>
    public AuthenticationTicket? WithheldSignIn { get; set; }

    public static RequestState? Find(HttpContext context) => context.Features.Get<RequestState>();

    public static RequestState GetOrAdd(HttpContext context)
    {
        if (Find(context) is not { } state)
        {
            context.Features.Set(state = new RequestState());
        }

        return state;
    }

    /// <summary>
    /// Whether the context still serves the request this was made for. Not after a middleware in front went on without waiting for the pipeline: the
    /// server reuses the context of a completed response.
    /// </summary>
    public bool IsOf(HttpContext context)
    {
        try
        {
            return Find(context) == this;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>The middleware has seen a lifecycle call.</summary>
    public void See(bool isAnonymous) => (IsSeen, WasAnonymous) = (true, isAnonymous);
}
