using System.Text.Json.Serialization;

namespace SessionLifetime.Cluster;

/// <summary>What a one-time token grants, as a store keeps it.</summary>
internal sealed class TokenDetails
{
    /// <summary>The id that the request for the token used, encrypted by the token.</summary>
    [JsonPropertyName("secret")]
    public string Secret { get; set; } = "";

    /// <summary>SHA-256 of the key of the browser that may use it; null for a browser without cookies.</summary>
    [JsonPropertyName("browser")]
    public string? BrowserHash { get; set; }

    [JsonPropertyName("page")]
    public string? Page { get; set; }
}
