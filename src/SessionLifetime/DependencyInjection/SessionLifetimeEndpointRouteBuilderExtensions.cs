using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime;
using SessionLifetime.Browser;
using SessionLifetime.DependencyInjection;
using SessionLifetime.Diagnostics;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Endpoints;
using SessionLifetime.Http.Lifecycle;
using SessionLifetime.Realtime;
using SessionLifetime.Setup;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Adds the calls of the browser module to an app's endpoints.</summary>
public static class SessionLifetimeEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps the lifecycle calls (attach, ping, activity, exit, ...) under a prefix. They allow anonymous callers unless authorization is
    /// put on the builder this returns, and stay out of OpenAPI documents.
    /// </summary>
    /// <param name="endpoints">The app.</param>
    /// <param name="prefix">Where; <c>/_session</c> unless the app needs that for itself.</param>
    /// <returns>A builder of conventions for all of them: rate limits, CORS, authorization.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="endpoints"/> or <paramref name="prefix"/> is null.</exception>
    /// <exception cref="InvalidOperationException"><c>AddSessionLifetime()</c> was not called, or the calls are mapped under this prefix already.</exception>
    public static IEndpointConventionBuilder MapSessionLifetime(this IEndpointRouteBuilder endpoints, string prefix = "/_session")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(prefix);
        MissingRegistration.ThrowIfMissing(endpoints.ServiceProvider, nameof(MapSessionLifetime));
        if (!endpoints.ServiceProvider.GetRequiredService<SetupCalls>().TryMap(endpoints, prefix))
        {
            throw new InvalidOperationException(
                $"MapSessionLifetime() was called before with the prefix '{prefix}', and every request would match both. Call it once, and put all conventions on the builder it returns.");
        }

        var services = endpoints.ServiceProvider;
        var group = endpoints.MapGroup(prefix);
        group.ExcludeFromDescription();
        group.WithMetadata(new DisableTabSessionAttribute(), LifecycleEndpointMetadata.Instance);

        var signals = services.GetRequiredService<SignalCalls>();
        Map(group, "", HttpMethods.Get, SessionSignal.None, services.GetRequiredService<StatusCall>().InvokeAsync);
        Map(group, "/attach", HttpMethods.Post, SessionSignal.Activity, services.GetRequiredService<AttachCall>().InvokeAsync);
        Map(group, "/ping", HttpMethods.Post, SessionSignal.Alive, signals.PingAsync);
        Map(group, "/activity", HttpMethods.Post, SessionSignal.Activity, signals.ActivityAsync);
        Map(group, "/exit", HttpMethods.Post, SessionSignal.Activity, services.GetRequiredService<ExitCall>().InvokeAsync);
        Map(group, "/detach", HttpMethods.Post, SessionSignal.Alive, services.GetRequiredService<DetachCall>().InvokeAsync);
        Map(group, "/ticket", HttpMethods.Post, SessionSignal.None, services.GetRequiredService<TicketCall>().InvokeAsync);
        Map(group, "/stretch", HttpMethods.Get, SessionSignal.Alive, services.GetRequiredService<StretchCall>().InvokeAsync);
        if (services.GetService<RelayCall>() is { } relay)
        {
            Map(group, "/relay", HttpMethods.Post, SessionSignal.None, relay.InvokeAsync);
            var relayModule = services.GetRequiredService<RelayModule>();
            Map(group, "/" + RelayModule.FileName, HttpMethods.Get, SessionSignal.None, relayModule.ServeAsync);
            Map(group, "/" + RelayModule.TabFileName, HttpMethods.Get, SessionSignal.None, relayModule.ServeTabAsync);
        }

        var module = services.GetRequiredService<BrowserModule>();
        Map(group, "/" + BrowserModule.FileName, HttpMethods.Get, SessionSignal.None, module.ServeAsync)
            .WithMetadata(BrowserModuleMetadata.Instance);
        foreach (var name in BrowserModule.MoreFileNames)
        {
            Map(group, "/" + name, HttpMethods.Get, SessionSignal.None, new BrowserModule(name).ServeAsync);
        }

        // An authorization policy for all endpoints does not apply to the module's calls, unless the app adds one on the builder.
        ((IEndpointConventionBuilder)group).Finally(static endpoint =>
        {
            if (!endpoint.Metadata.OfType<IAuthorizeData>().Any() && !endpoint.Metadata.OfType<AuthorizationPolicy>().Any())
            {
                endpoint.Metadata.Add(new AllowAnonymousAttribute());
            }
        });
        return group;
    }

    private static IEndpointConventionBuilder Map(RouteGroupBuilder group, string path, string method, SessionSignal signal, RequestDelegate call)
    {
        // All methods are mapped, so that a wrong method is answered by the protocol's problem.
        return group.Map(path, context => HttpMethods.Equals(context.Request.Method, method) ? call(context) : RefuseAsync(context, method))
            .WithMetadata(new SessionSignalAttribute(signal))
            .WithDisplayName($"SessionLifetime {method} {path}");
    }

    private static Task RefuseAsync(HttpContext context, string allowed)
    {
        context.RequestServices.GetRequiredService<SessionMetrics>().Refused("method");
        context.Response.Headers.Allow = allowed;
        return SessionAnswers.WriteAsync(context, SessionProblem.WrongMethod(allowed));
    }
}
