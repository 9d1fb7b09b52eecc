using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using SessionLifetime.Http.Reading;
using SessionLifetime.Scoping;

namespace SessionLifetime.Setup;

/// <summary>Hubs that are meant to have sessions, in an app that has not called <c>AddSessionLifetime()</c> for hubs, or for circuits.</summary>
internal static class HubAdvice
{
    /// <summary>Those hubs. A hub is meant to have sessions if it requires one, or if the app has session-scoped services.</summary>
    public static IEnumerable<Type> For(IEnumerable<Endpoint> endpoints, IReadOnlyCollection<RegisteredFeature> features) => endpoints
        .Where(endpoint => !RequestClassification.IsDisabled(endpoint.Metadata)
            && (features.Contains(RegisteredFeature.ScopedServices) || endpoint.Metadata.GetMetadata<RequireTabSessionAttribute>() is not null))
        .Select(static endpoint => endpoint.Metadata.GetMetadata<HubMetadata>()?.HubType)
        .OfType<Type>()
        .Distinct()
        .Where(hub => !features.Contains(IsOfBlazor(hub) ? RegisteredFeature.Circuits : RegisteredFeature.Hubs));

    /// <summary>Whether it is the hub of Blazor's circuits.</summary>
    public static bool IsOfBlazor(Type hub) => hub.Assembly == typeof(Circuit).Assembly;
}
