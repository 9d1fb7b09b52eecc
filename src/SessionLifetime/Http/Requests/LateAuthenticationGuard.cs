using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Entries;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Endpoints;
using SessionLifetime.Http.Navigation;
using SessionLifetime.Http.Reading;
using SessionLifetime.Sessions;

namespace SessionLifetime.Http.Requests;

/// <summary>
/// Users who are known only behind the middleware, because <c>UseAuthentication()</c> comes after it. That is a fault of the app's, said
/// once; a session is kept from another user all the same: the endpoint's door asks again who is signed in.
/// </summary>
internal sealed class LateAuthenticationGuard(
    SessionGuard guard,
    IConnections connections,
    ILogger<LateAuthenticationGuard> logger,
    IEnumerable<IAuthenticationSchemeProvider> authentication) : IEndpointAdmission
{
    private readonly bool _someSignIn = authentication.Any();
    private readonly ConditionalWeakTable<RouteEndpoint, RouteEndpoint> _watched = [];
    private int _hasWarned;

    /// <summary>Has the endpoint's door watched where nobody can have signed in yet. Where authentication has run, it does nothing.</summary>
    public void Watch(HttpContext context)
    {
        if (_someSignIn
            && context.Features.Find<IAuthenticationFeature>() is null
            && context.Features.Find<IEndpointFeature>() is { Endpoint: RouteEndpoint { RequestDelegate: not null } endpoint } feature)
        {
            feature.Endpoint = _watched.GetValue(endpoint, MakeWatched);
        }
    }

    /// <summary>Says what is wrong, the first time.</summary>
    public void Warn()
    {
        if (Interlocked.Exchange(ref _hasWarned, 1) == 0)
        {
            logger.UserTooLate();
        }
    }

    /// <summary>
    /// Whether the endpoint may be reached. A session that is nobody's becomes the user's. Of one that is another's the request is freed,
    /// or it is refused, and answered, if it needs one.
    /// </summary>
    public ValueTask<bool> AdmitsAsync(HttpContext context) =>
        context.GetTabSession() is not { } session
        || guard.UserOf(context) is not { } user
        || string.Equals(session.Entry.User, user, StringComparison.Ordinal)
            ? new(true)
            : AdmitsAsync(context, session.Entry, user);

    private async ValueTask<bool> AdmitsAsync(HttpContext context, SessionEntry entry, string user)
    {
        if (entry.User is null && Speculation.IsSpeculative(context.Request))
        {
            return true;
        }

        Warn();
        var lookup = await guard.AdmitLateAsync(entry, user);
        if (lookup.Entry is not null)
        {
            return true;
        }

        Free(context, lookup);
        var metadata = context.GetEndpoint()?.Metadata;
        if (metadata?.GetMetadata<RequireTabSessionAttribute>() is null && !RequestClassification.Of(context.Features, metadata).IsConnection)
        {
            return true;
        }

        await (connections.TryRefuse(context, lookup, out var telling) ? telling : SessionAnswers.WriteAsync(context, SessionProblem.Of(lookup)));
        return false;
    }

    private static void Free(HttpContext context, SessionLookup lookup)
    {
        context.Features.Set<ITabSessionFeature>(null);
        (context.Features.Get<IServiceProvidersFeature>() as SessionRequestServices)?.Forget();
        if (PlainRequest.Of(context) is { } plain)
        {
            plain.Lost(lookup);
        }
        else if (!context.Response.HasStarted)
        {
            context.Response.Headers[SessionHeaders.State] = lookup.State;
        }
    }

    private RouteEndpoint MakeWatched(RouteEndpoint endpoint)
    {
        var next = endpoint.RequestDelegate!;
        var watched = new RouteEndpoint(
            async context =>
            {
                if (await AdmitsAsync(context))
                {
                    await next(context);
                }
            },
            endpoint.RoutePattern,
            endpoint.Order,
            endpoint.Metadata,
            endpoint.DisplayName);

        // An error page comes by a second time.
        _watched.AddOrUpdate(watched, watched);
        return watched;
    }
}
