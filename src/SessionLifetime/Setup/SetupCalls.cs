using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using SessionLifetime.Http.Endpoints;

namespace SessionLifetime.Setup;

/// <summary>Records which set-up methods the app has called.</summary>
internal sealed class SetupCalls(IEnumerable<HandedConfiguration> configurations) : IPipelinePlace
{
    private readonly HashSet<(IEndpointRouteBuilder Endpoints, string Prefix)> _mapped = [];

    /// <summary>Where <c>UseSessionLifetime()</c> was called first; null where it was not.</summary>
    public PipelineOrder? Order { get; private set; }

    public bool IsInFrontOfRouting => Order?.IsInFrontOf(PipelineOrder.Routing) == true;

    public bool IsBehindAntiforgery => Order?.IsBehind(PipelineOrder.Antiforgery) == true;

    /// <summary>The configurations that were handed to <c>AddSessionLifetime()</c>.</summary>
    public IReadOnlyList<IConfiguration> Configurations { get; } = [.. configurations.Select(static one => one.Value)];

    /// <summary>Whether <c>MapSessionLifetime()</c> was called.</summary>
    public bool IsMapped => _mapped.Count > 0;

    /// <summary>Records that <c>UseSessionLifetime()</c> was called.</summary>
    /// <param name="properties">The properties of the application builder.</param>
    public void Use(IDictionary<string, object?> properties) => Order ??= new(properties);

    /// <summary>Records that the lifecycle calls are mapped under a prefix. False when they were before.</summary>
    public bool TryMap(IEndpointRouteBuilder endpoints, string prefix) => _mapped.Add((endpoints, prefix.Trim('/').ToUpperInvariant()));
}
