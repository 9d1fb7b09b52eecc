using System.Text.Json.Serialization;

namespace SessionLifetime.Cluster;

/// <summary>A secret of a session, in <see cref="SessionDetails"/>.</summary>
internal sealed class SecretDetails
{
    [JsonPropertyName("hash")]
    public string Hash { get; set; } = "";

    /// <summary>When it stops working; null for one that works until it is replaced.</summary>
    [JsonPropertyName("until")]
    public long? Until { get; set; }

    /// <summary>The newest secret, encrypted by this one.</summary>
    [JsonPropertyName("newer")]
    public string? Newer { get; set; }

    [JsonPropertyName("pending")]
    public bool IsPending { get; set; }
}
