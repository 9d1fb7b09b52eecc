using System.Text.Json.Serialization;

namespace SessionLifetime.Realtime;

/// <summary>The JSON of tickets, made at build time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TicketAnswer))]
internal sealed partial class TicketJson : JsonSerializerContext;
