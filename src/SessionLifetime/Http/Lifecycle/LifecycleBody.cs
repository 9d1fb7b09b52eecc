using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using SessionLifetime.Http.Answers;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Lifecycle;

/// <summary>The body of a lifecycle call: at most 4 KB, a JSON object, its fields read one by one; a problem names the field.</summary>
internal sealed class LifecycleBody : IDisposable
{
    public const int MaxLength = 4096;

    private readonly JsonDocument? _document;

    private LifecycleBody(JsonDocument? document, SessionProblem? problem)
    {
        _document = document;
        Problem = problem;
    }

    /// <summary>The problem of the body, or of the first wrong field; null where there is none.</summary>
    public SessionProblem? Problem { get; private set; }

    /// <param name="context">The request.</param>
    /// <param name="isRequired">Whether a missing body is a problem.</param>
    /// <param name="anyType">Whether the content type does not matter: a beacon sends text only.</param>
    public static async ValueTask<LifecycleBody> ReadAsync(HttpContext context, bool isRequired, bool anyType = false)
    {
        if (context.Request.ContentLength > MaxLength)
        {
            return new(document: null, SessionProblem.TooLarge);
        }

        byte[] bytes;
        try
        {
            bytes = await ReadBytesAsync(context);
        }
        catch (BadHttpRequestException exception)
        {
            // The server's own limits: a body sent too slowly, or not framed as HTTP asks.
            return new(document: null, SessionProblem.BadBody("The body could not be read.") with { Status = exception.StatusCode });
        }
        catch (IOException)
        {
            // A chunk of an impossible size, or a client that closed the connection.
            return new(document: null, SessionProblem.BadBody("The body could not be read."));
        }

        if (bytes.Length > MaxLength)
        {
            return new(document: null, SessionProblem.TooLarge);
        }

        if (bytes.Length == 0 && !isRequired)
        {
            return new(document: null, problem: null);
        }

        if (!anyType && !IsJson(context.Request.ContentType))
        {
            return new(document: null, SessionProblem.NotJson);
        }

        try
        {
            var document = JsonDocument.Parse(bytes);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new(document, problem: null)
                : new(document, SessionProblem.BadBody("The body must be a JSON object."));
        }
        catch (JsonException)
        {
            return new(document: null, SessionProblem.BadBody("The body is not valid JSON."));
        }
    }

    /// <summary>A page or tab id; none where the field is absent and may be.</summary>
    public PageId Page(string field, bool isRequired)
    {
        if (!TryGet(field, out var value))
        {
            if (isRequired)
            {
                Fault(field, "is missing: 1 to 64 characters of A-Z, a-z, 0-9, _ and -");
            }

            return PageId.None;
        }

        if (value.ValueKind == JsonValueKind.String && PageId.TryCreate(Text(value), out var id))
        {
            return id;
        }

        Fault(field, "must be a string of 1 to 64 characters of A-Z, a-z, 0-9, _ and -");
        return PageId.None;
    }

    /// <summary>How long ago something was; null where the field is absent.</summary>
    public TimeSpan? Age(string field)
    {
        if (!TryGet(field, out var value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var milliseconds) || !(milliseconds >= 0))
        {
            Fault(field, "must be a number of milliseconds, zero or more");
            return null;
        }

        // Longer than any session: the clockwork clamps it to the session's start.
        return milliseconds >= TimeSpan.MaxValue.TotalMilliseconds ? TimeSpan.MaxValue : TimeSpan.FromMilliseconds(milliseconds);
    }

    public bool Flag(string field)
    {
        if (!TryGet(field, out var value))
        {
            return false;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.ValueKind == JsonValueKind.True;
        }

        Fault(field, "must be true or false");
        return false;
    }

    /// <summary>A string as it came; null where it is absent or not one.</summary>
    public string? Text(string field) => TryGet(field, out var value) && value.ValueKind == JsonValueKind.String ? Text(value) : null;

    public void Dispose() => _document?.Dispose();

    private static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase));

    private static async ValueTask<byte[]> ReadBytesAsync(HttpContext context)
    {
        // One byte more than allowed, to detect a body that is too large.
        var buffer = new byte[Math.Min(context.Request.ContentLength ?? MaxLength, MaxLength) + 1];
        var length = await context.Request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, context.RequestAborted);
        return length == buffer.Length ? buffer : buffer[..length];
    }

    private static string? Text(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate: valid JSON, but not a string.
            return null;
        }
    }

    private bool TryGet(string field, out JsonElement value)
    {
        value = default;
        try
        {
            return _document is { RootElement.ValueKind: JsonValueKind.Object }
                && _document.RootElement.TryGetProperty(field, out value)
                && value.ValueKind != JsonValueKind.Null;
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate in the name of a field, which is found only when fields are searched.
            Problem ??= SessionProblem.BadBody("The body is not valid JSON: the name of a field is no text.");
            return false;
        }
    }

    private void Fault(string field, string rule) => Problem ??= SessionProblem.BadBody($"The field '{field}' {rule}.", field);
}
