using System.Text.Json;
using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Policy;

namespace SessionLifetime.Cluster;

/// <summary>Lets the durations of the node that started last be in force on all nodes.</summary>
/// <param name="options">Those this node was configured with.</param>
/// <param name="inForce">Those in force here.</param>
/// <param name="node">The node: by other durations nothing is decided until all nodes know them.</param>
/// <param name="logger">Told where they differ.</param>
internal sealed class ClusterTimings(SessionLifetimeOptions options, TimingsInForce inForce, NodeState node, ILogger<ClusterTimings> logger)
{
    private volatile ClusterSettings _followed = ClusterSettings.Of(options);
    private bool _hasComplained;

    /// <summary>Those in force.</summary>
    public ClusterSettings InForce => _followed;

    /// <summary>Those this node was configured with.</summary>
    public ClusterSettings Own { get; } = ClusterSettings.Of(options);

    /// <summary>What the store says is in force.</summary>
    public void Follow(ReadOnlySpan<byte> settings)
    {
        if (settings.IsEmpty || Read(settings) is not { } told || told == _followed)
        {
            return;
        }

        // Whichever are shorter: a node that has not heard of them may accept a touch that they would not.
        node.DecideAfter = node.Clock.Now + node.Pace.Guard;
        _followed = told;
        inForce.Replace(told.ToOptions());
        if (told != Own)
        {
            logger.OtherSettingsInForce();
        }
    }

    private ClusterSettings? Read(ReadOnlySpan<byte> settings)
    {
        try
        {
            return JsonSerializer.Deserialize(settings, ClusterJson.Default.ClusterSettings);
        }
        catch (JsonException exception)
        {
            // Another version wrote them.
            if (!_hasComplained)
            {
                _hasComplained = true;
                logger.NodeStepFailed(exception);
            }

            return null;
        }
    }
}
