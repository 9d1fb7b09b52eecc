using System.Text.Json;

namespace SessionLifetime.Entries;

/// <summary>What stands in a record that this version of the library does not know.</summary>
/// <param name="Session">Of the session.</param>
/// <param name="Pages">Of its pages, by their ids.</param>
internal sealed record UnknownDetails(Dictionary<string, JsonElement>? Session, IReadOnlyDictionary<string, Dictionary<string, JsonElement>> Pages);
