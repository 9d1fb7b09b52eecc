using Microsoft.AspNetCore.Builder;
using Yarp.ReverseProxy.Configuration;

namespace Cluster;

/// <summary>How the front spreads requests over the nodes.</summary>
internal static class Balancing
{
    /// <summary>Every path goes to a node.</summary>
    public static RouteConfig[] Routes { get; } = [new() { RouteId = "all", ClusterId = "nodes", Match = new() { Path = "{**rest}" } }];

    /// <summary>The nodes.</summary>
    /// <param name="addresses">Where they listen.</param>
    /// <param name="isSticky">Whether the requests of a browser reach one node, for what a node holds live.</param>
    /// <returns>The cluster.</returns>
    public static ClusterConfig Cluster(IEnumerable<string> addresses, bool isSticky) => new()
    {
        ClusterId = "nodes",
        LoadBalancingPolicy = "RoundRobin",
        SessionAffinity = new() { Enabled = isSticky, Policy = "HashCookie", FailurePolicy = "Redistribute", AffinityKeyName = "node" },
        Destinations = addresses.ToDictionary(static address => address, static address => new DestinationConfig { Address = address }, StringComparer.Ordinal),

        // A node that does not answer gets nothing for a moment.
        HealthCheck = new()
        {
            Passive = new() { Enabled = true, Policy = "TransportFailureRate", ReactivationPeriod = TimeSpan.FromSeconds(2) },
            Active = new() { Enabled = true, Interval = TimeSpan.FromMilliseconds(500), Timeout = TimeSpan.FromMilliseconds(500), Path = "/ready" },
        },
    };

    /// <summary>What a request goes through.</summary>
    /// <param name="proxy">The pipeline of the proxy.</param>
    public static void Use(IReverseProxyApplicationBuilder proxy)
    {
        proxy.Use(NextNode.TryAsync);
        proxy.UseSessionAffinity();
        proxy.UseLoadBalancing();
        proxy.UsePassiveHealthChecks();
    }
}
