using Microsoft.AspNetCore.Components.Server.ProtectedBrowserStorage;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Sessions;

namespace SessionLifetime.Scoping;

/// <summary>The exception for a session-scoped service that is resolved without a session; its message says what to do in that kind of scope.</summary>
internal static class MissingSession
{
    public static InvalidOperationException For(Type service, IServiceProvider scope) =>
        new($"'{service}' is session-scoped, and {AdviceFor(scope)} Where there may be none, inject SessionScoped<T>, whose ValueIfAny is null then, or ITabSessionAccessor.");

    private static string AdviceFor(IServiceProvider scope) => scope.GetRequiredService<TabSessionAccessor>().Place switch
    {
        ScopePlace.Hub => "this hub connection has no session: its client came without one. Connect with the options signalR() of session-lifetime-signalr.js "
            + "from a page with the browser module, and put RequireTabSession() on the hub so that nobody comes without.",
        ScopePlace.Circuit => "this circuit has no session: its page started Blazor by itself. Put the tags of session-lifetime.js and "
            + "session-lifetime-blazor.js into the page, and autostart=\"false\" on the tag of Blazor's own script.",
        _ => "there is no session here: the request carries no session id, or one that leads to no living session; or it did not come "
            + "through UseSessionLifetime(); or this is no request. Start the browser module in the page, and put RequireTabSession() on the "
            + $"endpoint so that it is not reached without a session.{RealtimeAdviceFor(scope)}",
    };

    private static string RealtimeAdviceFor(IServiceProvider scope)
    {
        if (scope.GetService<IServiceProviderIsService>() is not { } registrations)
        {
            return "";
        }

        var parts = scope.GetServices<RegisteredFeature>().ToList();
        if (registrations.IsService(typeof(ProtectedSessionStorage)))
        {
            return parts.Contains(RegisteredFeature.Circuits)
                ? " A component has none while it is prerendered."
                : " In a circuit: call AddInteractiveServerComponents().AddSessionLifetime(). A component has none while it is prerendered.";
        }

        return registrations.IsService(typeof(IHubProtocolResolver)) && !parts.Contains(RegisteredFeature.Hubs)
            ? " In a hub: call AddSignalR().AddSessionLifetime()."
            : "";
    }
}
