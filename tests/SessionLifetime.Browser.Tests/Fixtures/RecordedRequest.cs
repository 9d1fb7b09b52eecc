using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SessionLifetime.Ids;

namespace SessionLifetime.Browser.Tests;

/// <summary>What the server under test received, and what it answered.</summary>
public sealed class RecordedRequest
{
    public required string Method { get; init; }

    public required string Path { get; init; }

    public required IHeaderDictionary Headers { get; init; }

    public required string Body { get; init; }

    /// <summary>Since the server started.</summary>
    public required TimeSpan At { get; init; }

    /// <summary>0 until it was answered.</summary>
    public int Status { get; set; }

    public string? SessionId => Headers["X-Session-Id"];

    public string? PageId => Headers["X-Session-Page"];

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public override string ToString() => $"{At.TotalMilliseconds,7:0} {Method} {Path} {Status} {Body}";
}
