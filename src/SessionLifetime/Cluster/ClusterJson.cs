using System.Text.Json.Serialization;

namespace SessionLifetime.Cluster;

/// <summary>The formats of what a backing store keeps without reading it.</summary>
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(SessionDetails))]
[JsonSerializable(typeof(EventDetails))]
[JsonSerializable(typeof(ClusterSettings))]
[JsonSerializable(typeof(TokenDetails))]
internal sealed partial class ClusterJson : JsonSerializerContext;
