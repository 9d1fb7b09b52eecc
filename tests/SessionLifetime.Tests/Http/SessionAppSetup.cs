using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;

namespace SessionLifetime.Tests.Http;

/// <summary>What a test wants its app to be.</summary>
internal sealed class SessionAppSetup
{
    public Action<SessionLifetimeOptions> Options { get; set; } = static _ => { };

    public Action<SessionLifetimeBuilder> Sessions { get; set; } = static _ => { };

    /// <summary>Whether <see cref="Events"/> is filled.</summary>
    public bool RecordsEvents { get; set; }

    public ConcurrentQueue<string> Events { get; } = new();

    /// <summary>The sessions of <see cref="Events"/>, and what each was told.</summary>
    public ConcurrentDictionary<TabSession, ConcurrentQueue<string>> SessionsSeen { get; } = new();

    public Action<WebApplicationBuilder> Services { get; set; } = static _ => { };

    /// <summary>Middleware before <c>UseSessionLifetime()</c>.</summary>
    public Action<WebApplication> Before { get; set; } = static _ => { };

    /// <summary>Middleware and endpoints after it.</summary>
    public Action<WebApplication> Map { get; set; } = static _ => { };

    public Action<IEndpointConventionBuilder> Calls { get; set; } = static _ => { };

    public string Prefix { get; set; } = "/_session";

    /// <summary>A real server on a port of its own instead of the one in memory.</summary>
    public bool Kestrel { get; set; }

    /// <summary>Kestrel speaks HTTP/2, and nothing else.</summary>
    public bool Http2 { get; set; }

    /// <summary>Log lines of ours, or of the framework, at Error and above that the test provokes.</summary>
    public bool ExpectsErrors { get; set; }
}
