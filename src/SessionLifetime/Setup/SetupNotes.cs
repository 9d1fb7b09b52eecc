using Microsoft.AspNetCore.Routing;

namespace SessionLifetime.Setup;

/// <summary>What of the library an app has called, for those who advise at start.</summary>
internal sealed class SetupNotes
{
    private readonly HashSet<(IEndpointRouteBuilder Endpoints, string Prefix)> _mapped = [];

    /// <summary>Whether <c>UseSessionLifetime()</c> was called.</summary>
    public bool IsUsed { get; set; }

    /// <summary>Whether <c>MapSessionLifetime()</c> was called.</summary>
    public bool IsMapped => _mapped.Count > 0;

    /// <summary>Notes the lifecycle calls under a prefix; false when they are there already.</summary>
    public bool TryMap(IEndpointRouteBuilder endpoints, string prefix) => _mapped.Add((endpoints, prefix.Trim('/').ToUpperInvariant()));
}
