using System.Buffers.Text;
using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace SessionLifetime.Browser;

/// <summary>
/// A browser module as it goes over the wire: the bundle of <c>dist</c>, read once from the assembly, compressed once, named by the hash
/// of its content.
/// </summary>
internal sealed class BrowserModule
{
    public const string FileName = "session-lifetime.js";

    /// <summary>Optional modules, for SignalR and Blazor.</summary>
    public static readonly IReadOnlyList<string> MoreFileNames = ["session-lifetime-signalr.js", "session-lifetime-blazor.js"];

    private readonly Lazy<Representation[]> _representations;
    private readonly Lazy<byte[]> _content;

    public BrowserModule(string fileName = FileName)
    {
        _content = new(() => Read(fileName));
        Version = new(() => Hash(_content.Value));
        _representations = new(() =>
        [
            new("br", Hash(_content.Value), Compress(_content.Value, static stream => new BrotliStream(stream, CompressionLevel.SmallestSize, leaveOpen: true))),
            new("gzip", Hash(_content.Value), Compress(_content.Value, static stream => new GZipStream(stream, CompressionLevel.SmallestSize, leaveOpen: true))),
            new(Encoding: null, Hash(_content.Value), _content.Value),
        ]);
    }

    /// <summary>The version: a request with it as <c>?v=</c> may be cached permanently.</summary>
    public Lazy<string> Version { get; }

    /// <summary>The size with Brotli, in bytes.</summary>
    public int BrotliLength => _representations.Value[0].Bytes.Length;

    public async Task ServeAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var chosen = Choose(request.Headers.AcceptEncoding);
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        response.Headers.ETag = chosen.ETag;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.CacheControl = string.Equals(request.Query["v"], Version.Value, StringComparison.Ordinal)
            ? "public, max-age=31536000, immutable"
            : "no-cache";
        if (Matches(request.Headers.IfNoneMatch, chosen.ETag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        // RFC 9239: JavaScript is text/javascript.
        response.ContentType = "text/javascript; charset=utf-8";
        response.ContentLength = chosen.Bytes.Length;
        response.Headers.ContentEncoding = chosen.Encoding;
        await response.Body.WriteAsync(chosen.Bytes, context.RequestAborted);
    }

    private static byte[] Read(string fileName)
    {
        using var resource = typeof(BrowserModule).Assembly.GetManifestResourceStream(fileName)
            ?? throw new InvalidOperationException($"The assembly was built without its resource {fileName}.");
        using var content = new MemoryStream();
        resource.CopyTo(content);
        return content.ToArray();
    }

    private static string Hash(byte[] content) => Base64Url.EncodeToString(SHA256.HashData(content).AsSpan(0, 15));

    private static byte[] Compress(byte[] content, Func<Stream, Stream> open)
    {
        using var compressed = new MemoryStream();
        using (var stream = open(compressed))
        {
            stream.Write(content);
        }

        return compressed.ToArray();
    }

    private static bool Matches(StringValues ifNoneMatch, string etag) =>
        ifNoneMatch.Count > 0
        && EntityTagHeaderValue.TryParseList(ifNoneMatch, out var tags)
        && tags.Any(tag => tag.Tag == "*" || tag.Tag == etag);

    private Representation Choose(StringValues acceptEncoding)
    {
        if (StringWithQualityHeaderValue.TryParseList(acceptEncoding, out var accepted))
        {
            foreach (var representation in _representations.Value)
            {
                if (accepted.Any(one => one.Value == representation.Encoding && one.Quality is not 0))
                {
                    return representation;
                }
            }
        }

        return _representations.Value[^1];
    }

    /// <summary>The content in one encoding; each has an ETag of its own (RFC 9110, section 8.8.3).</summary>
    private sealed record Representation(string? Encoding, string Hash, byte[] Bytes)
    {
        public string ETag { get; } = Encoding is null ? $"\"{Hash}\"" : $"\"{Hash}-{Encoding}\"";
    }
}
