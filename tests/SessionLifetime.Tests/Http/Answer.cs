using System.Net;
using System.Text.Json;

namespace SessionLifetime.Tests.Http;

/// <summary>What a call was answered, read to its end.</summary>
internal sealed class Answer
{
    public required HttpStatusCode Status { get; init; }

    public required string Text { get; init; }

    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    public JsonElement this[string field] => Json.GetProperty(field);

    /// <summary>The secret id the answer hands out; null when it hands out none.</summary>
    public string? Id => Json.TryGetProperty("id", out var id) ? id.GetString() : null;

    public string? Header(string name) => Headers.GetValueOrDefault(name);

    public string? String(string field) => this[field].GetString();

    public long? Number(string field) => this[field] is { ValueKind: JsonValueKind.Number } number ? number.GetInt64() : null;

    public bool Flag(string field) => this[field].GetBoolean();

    /// <summary>The answer's status is this one; otherwise the whole answer is in the failure.</summary>
    public Answer Is(HttpStatusCode status)
    {
        Assert.True(status == Status, $"Expected {(int)status}, got {(int)Status}: {Text}");
        return this;
    }

    /// <summary>The answer is this problem.</summary>
    public Answer IsProblem(HttpStatusCode status, string code)
    {
        Is(status);
        Assert.Equal("application/problem+json", Header("Content-Type"));
        Assert.Equal(code, String("code"));
        Assert.Equal((long)status, Number("status"));
        Assert.NotEmpty(String("title")!);
        Assert.NotEmpty(String("detail")!);
        return this;
    }

    public override string ToString() => $"{(int)Status} {Text}";
}
