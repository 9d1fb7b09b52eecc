using Microsoft.AspNetCore.Routing;

namespace SessionLifetime.Setup;

/// <summary>Records which set-up methods the app has called.</summary>
internal sealed class SetupCalls
{
    private readonly HashSet<(IEndpointRouteBuilder Endpoints, string Prefix)> _mapped = [];

    /// <summary>Whether <c>UseSessionLifetime()</c> was called.</summary>
    public bool IsUsed { get; set; }

    /// <summary>Whether <c>MapSessionLifetime()</c> was called.</summary>
    public bool IsMapped => _mapped.Count > 0;

    /// <summary>Records that the lifecycle calls are mapped under a prefix. False when they were before.</summary>
    public bool TryMap(IEndpointRouteBuilder endpoints, string prefix) => _mapped.Add((endpoints, prefix.Trim('/').ToUpperInvariant()));
}
