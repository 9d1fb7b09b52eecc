using System.Text.Json.Serialization;

namespace SessionLifetime.Cluster;

/// <summary>What an event in the outbox tells.</summary>
internal sealed class EventDetails
{
    [JsonPropertyName("raise")]
    public long RaiseNumber { get; set; }

    [JsonPropertyName("occurrence")]
    public int Occurrence { get; set; }

    /// <summary>The time left until the end if nothing happens, in ticks; null for no end.</summary>
    [JsonPropertyName("left")]
    public long? TimeLeft { get; set; }

    [JsonPropertyName("present")]
    public bool IsPresent { get; set; }

    [JsonPropertyName("page")]
    public string? Page { get; set; }

    [JsonPropertyName("kept")]
    public bool IsPersisted { get; set; }

    [JsonPropertyName("current")]
    public bool IsCurrent { get; set; }

    [JsonPropertyName("open")]
    public int OpenPages { get; set; }

    [JsonPropertyName("reason")]
    public SessionEndReason Reason { get; set; }
}
