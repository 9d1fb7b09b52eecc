using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Http.Endpoints;

namespace SessionLifetime;

/// <summary>
/// Lets an endpoint be reached with a living session only; other requests get a problem (RFC 9457) that says why: 428 without an id, 404 for an
/// unknown one, 410 with the reason for an ended one, 403 for one that is refused. The same as <c>.RequireTabSession()</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class RequireTabSessionAttribute : Attribute, IAsyncResourceFilter
{
    /// <summary>Runs the action if the request has a living session; called by MVC.</summary>
    /// <param name="context">The request.</param>
    /// <param name="next">The action, and the filters behind this one.</param>
    /// <returns>Completes when the action has run, or the request is refused.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="context"/> or <paramref name="next"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The middleware, which refuses such requests, has not run.</exception>
    public async Task OnResourceExecutionAsync(ResourceExecutingContext context, ResourceExecutionDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        if (await AdmitsAsync(context.HttpContext.RequestServices.GetService<IEndpointAdmission>(), context.HttpContext))
        {
            await next();
        }
        else
        {
            // Answered already.
            context.Result = new EmptyResult();
        }
    }

    /// <summary>Whether the endpoint may run; without <c>AddSessionLifetime()</c>, and without its middleware, it must not.</summary>
    internal static ValueTask<bool> AdmitsAsync(IEndpointAdmission? admission, HttpContext context) =>
        (admission ?? throw MiddlewareMissing()).AdmitsAsync(context);

    internal static InvalidOperationException RoutingTooLate() => new(
        "The endpoint requires a session, and UseRouting() comes after UseSessionLifetime(), which therefore could not refuse a request that has none. Call app.UseSessionLifetime() after app.UseRouting().");

    internal static InvalidOperationException MiddlewareMissing() => new(
        "The endpoint requires a session, but UseSessionLifetime() has not run before it. Call app.UseSessionLifetime() after UseRouting() and UseAuthentication().");
}
