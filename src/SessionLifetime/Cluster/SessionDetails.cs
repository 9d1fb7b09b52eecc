using System.Text.Json;
using System.Text.Json.Serialization;

namespace SessionLifetime.Cluster;

/// <summary>
/// What <see cref="SessionRecord.State"/> holds. Moments are ticks of service time. Read tolerantly: what is not there has its default, what is not
/// known is kept. Names are short because every commit writes them, and never change.
/// </summary>
internal sealed class SessionDetails
{
    [JsonPropertyName("start")]
    public long StartedAt { get; set; }

    [JsonPropertyName("off")]
    public long TakenOffAtStart { get; set; }

    [JsonPropertyName("secrets")]
    public List<SecretDetails> Secrets { get; set; } = [];

    [JsonPropertyName("browser")]
    public string? BrowserHash { get; set; }

    [JsonPropertyName("pages")]
    public List<PageDetails>? Pages { get; set; }

    [JsonPropertyName("confirmed")]
    public bool IsConfirmed { get; set; }

    [JsonPropertyName("raisedAt")]
    public long RaisedAt { get; set; }

    [JsonPropertyName("raisedT")]
    public long RaisedTimeout { get; set; }

    [JsonPropertyName("raise")]
    public long RaiseNumber { get; set; }

    [JsonPropertyName("occurrence")]
    public int Occurrence { get; set; }

    [JsonPropertyName("raising")]
    public bool IsRaising { get; set; }

    [JsonPropertyName("armedAt")]
    public long ArmedAt { get; set; }

    [JsonPropertyName("armedBy")]
    public string? ArmedBy { get; set; }

    [JsonPropertyName("destruct")]
    public long? SelfDestructAt { get; set; }

    [JsonPropertyName("decide")]
    public long DecideAfter { get; set; }

    [JsonPropertyName("values")]
    public bool HasValues { get; set; }

    [JsonPropertyName("t")]
    public long? SessionTimeout { get; set; }

    [JsonPropertyName("c")]
    public long? CountdownDuration { get; set; }

    [JsonPropertyName("s")]
    public long? SignalTimeout { get; set; }

    [JsonPropertyName("a")]
    public long? AbsoluteTimeout { get; set; }

    [JsonPropertyName("u")]
    public long? UnconfirmedTimeout { get; set; }

    /// <summary>What a newer version has written: it stays where an older one writes.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}
