using System.Text.Json.Serialization;

namespace SessionLifetime.Http.Answers;

/// <summary>The JSON of the protocol: camelCase, made at build time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StatusAnswer))]
[JsonSerializable(typeof(SessionProblem))]
[JsonSerializable(typeof(RelayAnswer))]
internal sealed partial class SessionJson : JsonSerializerContext;
