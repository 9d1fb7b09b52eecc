using System.Text.Json;
using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Policy;

namespace SessionLifetime.Cluster;

/// <summary>Lets the durations of the node that started last be in force on all nodes.</summary>
/// <param name="options">Those this node was configured with.</param>
/// <param name="inForce">Those in force here.</param>
/// <param name="logger">Told where they differ.</param>
internal sealed class ClusterTimings(SessionLifetimeOptions options, TimingsInForce inForce, ILogger<ClusterTimings> logger)
{
    private ClusterSettings _followed = ClusterSettings.Of(options);

    /// <summary>Those this node was configured with.</summary>
    public ClusterSettings Own { get; } = ClusterSettings.Of(options);

    /// <summary>What the store says is in force.</summary>
    public void Follow(ReadOnlySpan<byte> settings)
    {
        if (settings.IsEmpty || JsonSerializer.Deserialize(settings, ClusterJson.Default.ClusterSettings) is not { } told || told == _followed)
        {
            return;
        }

        _followed = told;
        inForce.Replace(told.ToOptions());
        if (told != Own)
        {
            logger.OtherSettingsInForce();
        }
    }
}
