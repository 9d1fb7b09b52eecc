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
/// Keeps sessions from other users where users are authenticated behind the middleware: because <c>UseAuthentication()</c> comes after it, because the
/// endpoint chooses its authentication schemes, which <c>UseAuthorization()</c> applies, or because a middleware of the app sets the user. Immediately
/// before any endpoint runs, the user is compared again. A user who becomes known so late is a fault of the app's order, logged once.
/// </summary>
internal sealed class LateAuthenticationGuard(
    SessionGuard guard,
    IConnections connections,
    IPipelinePlace place,
    ILogger<LateAuthenticationGuard> logger,
    IEnumerable<IAuthenticationSchemeProvider> authentication) : IEndpointAdmission
{
    private readonly bool _someSignIn = authentication.Any();
    private readonly ConditionalWeakTable<RouteEndpoint, RouteEndpoint> _watched = [];
    private int _hasWarned;

    /// <summary>Whether the default scheme is applied before the middleware, as it should be.</summary>
    private bool _isBehindAuthentication;

    /// <summary>In an app whose users sign in, replaces the endpoint by one that compares the user before it runs.</summary>
    public void Watch(HttpContext context)
    {
        if (_someSignIn)
        {
            WatchEndpoint(context.Features);
        }
    }

    /// <summary>Logs the wrong order, once.</summary>
    public void Warn()
    {
        if (Interlocked.Exchange(ref _hasWarned, 1) != 0)
        {
            return;
        }

        if (_isBehindAuthentication)
        {
            logger.UserOfOtherScheme();
        }
        else
        {
            logger.UserTooLate();
        }
    }

    public ValueTask<bool> AdmitsAsync(HttpContext context)
    {
        if (context.GetTabSession() is null && RequestState.Find(context) is not { IsForClosing: true })
        {
            throw place.IsInFrontOfRouting ? RequireTabSessionAttribute.RoutingTooLate() : RequireTabSessionAttribute.MiddlewareMissing();
        }

        return AdmitsUserAsync(context);
    }

    /// <summary>
    /// Compares the user with the session's. A session without a user becomes the user's. From the session of another user the request is
    /// released, and refused if its endpoint requires a session.
    /// </summary>
    private ValueTask<bool> AdmitsUserAsync(HttpContext context) =>
        context.GetTabSession() is not { } session
        || guard.UserOf(context, session.Entry.User) is not { } user
        || string.Equals(session.Entry.User, user, StringComparison.Ordinal)
            ? new(true)
            : AdmitsUserAsync(context, session.Entry, user);

    private async ValueTask<bool> AdmitsUserAsync(HttpContext context, SessionEntry entry, string user)
    {
        if (entry.User is null && RequestClassification.HasSpeculativePurpose(context.Request))
        {
            return true;
        }

        Warn();
        var status = await guard.AdmitLateAsync(entry, user);
        if (status == SessionLookupStatus.Found)
        {
            return true;
        }

        var lookup = new SessionLookup(status);
        Release(context, lookup);
        var classified = RequestClassification.Of(context.Features, context.GetEndpoint()?.Metadata);
        if (!classified.RequiresSession && !classified.IsConnection)
        {
            return true;
        }

        await (connections.TryRefuse(context, lookup, out var refusing) ? refusing : SessionAnswers.WriteAsync(context, SessionProblem.Of(lookup)));
        return false;
    }

    private void WatchEndpoint(IFeatureCollection features)
    {
        if (features.Find<IEndpointFeature>() is { Endpoint: RouteEndpoint { RequestDelegate: not null } endpoint } feature)
        {
            if (!_isBehindAuthentication && features.Find<IAuthenticationFeature>() is not null)
            {
                _isBehindAuthentication = true;
            }

            feature.Endpoint = _watched.TryGetValue(endpoint, out var watched) ? watched : _watched.GetValue(endpoint, MakeWatched);
        }
    }

    private static void Release(HttpContext context, SessionLookup lookup)
    {
        context.Features.Set<TabSession>(null);
        (context.Features.Get<IServiceProvidersFeature>() as SessionRequestServices)?.Forget();
        if (RequestState.Find(context)?.Plain is { } plain)
        {
            plain.Lose(lookup);
        }
        else if (lookup.State is { } state)
        {
            AnswerHeaders.AddState(context, state);
        }
    }

    private static async Task PassAsync(HttpContext context, ValueTask<bool> admitted, RequestDelegate next)
    {
        if (await admitted)
        {
            await next(context);
        }
    }

    private RouteEndpoint MakeWatched(RouteEndpoint endpoint)
    {
        var next = endpoint.RequestDelegate!;
        var watched = new RouteEndpoint(
            context =>
            {
                var admitted = AdmitsUserAsync(context);
                if (!admitted.IsCompletedSuccessfully)
                {
                    return PassAsync(context, admitted, next);
                }

                return admitted.Result ? next(context) : Task.CompletedTask;
            },
            endpoint.RoutePattern,
            endpoint.Order,
            endpoint.Metadata,
            endpoint.DisplayName);

        // The middleware may see it again, for an error page.
        _watched.AddOrUpdate(watched, watched);
        return watched;
    }
}
