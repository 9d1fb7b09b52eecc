using System.Text.Json;
using System.Text.Json.Serialization;

namespace SessionLifetime.Cluster;

/// <summary>A page of a session, in <see cref="SessionDetails"/>.</summary>
internal sealed class PageDetails
{
    [JsonPropertyName("id")]
    public string Id { get; set; } = "";

    [JsonPropertyName("tab")]
    public string Tab { get; set; } = "";

    [JsonPropertyName("heard")]
    public long LastHeard { get; set; }

    /// <summary>When its detach is final; null while it is open.</summary>
    [JsonPropertyName("unload")]
    public long? UnloadAt { get; set; }

    [JsonPropertyName("kept")]
    public bool IsPersisted { get; set; }

    /// <summary>What a newer version has written: it stays where an older one writes.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}
