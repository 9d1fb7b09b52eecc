using System.Text.Json.Serialization;

namespace SessionLifetime.Cluster;

/// <summary>The durations that are in force in the whole cluster: those of the node that started last. In ticks.</summary>
internal sealed record ClusterSettings
{
    [JsonPropertyName("t")]
    public long SessionTimeout { get; init; }

    [JsonPropertyName("c")]
    public long? CountdownDuration { get; init; }

    [JsonPropertyName("s")]
    public long? SignalTimeout { get; init; }

    [JsonPropertyName("a")]
    public long? AbsoluteTimeout { get; init; }

    [JsonPropertyName("u")]
    public long? UnconfirmedTimeout { get; init; }

    [JsonPropertyName("k")]
    public long? KeepAliveInterval { get; init; }

    /// <summary>Those of a set of options.</summary>
    public static ClusterSettings Of(SessionLifetimeOptions options) => new()
    {
        SessionTimeout = options.SessionTimeout.Ticks,
        CountdownDuration = options.CountdownDuration?.Ticks,
        SignalTimeout = options.SignalTimeout?.Ticks,
        AbsoluteTimeout = options.AbsoluteTimeout?.Ticks,
        UnconfirmedTimeout = options.UnconfirmedTimeout?.Ticks,
        KeepAliveInterval = options.KeepAliveInterval?.Ticks,
    };

    /// <summary>A set of options that differs from the defaults in these.</summary>
    public SessionLifetimeOptions ToOptions() => new()
    {
        SessionTimeout = new(SessionTimeout),
        CountdownDuration = Duration(CountdownDuration),
        SignalTimeout = Duration(SignalTimeout),
        AbsoluteTimeout = Duration(AbsoluteTimeout),
        UnconfirmedTimeout = Duration(UnconfirmedTimeout),
        KeepAliveInterval = Duration(KeepAliveInterval),
    };

    private static TimeSpan? Duration(long? ticks) => ticks is { } value ? new(value) : null;
}
