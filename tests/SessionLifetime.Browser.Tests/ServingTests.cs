using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;

namespace SessionLifetime.Browser.Tests;

/// <summary>The module as the server hands it out.</summary>
public sealed class ServingTests : IAsyncLifetime
{
    private const string Path = "/_session/session-lifetime.js";

    private readonly HttpClient _client = new(new SocketsHttpHandler { AutomaticDecompression = DecompressionMethods.None });
    private TestServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await TestServer.StartAsync();
        _client.BaseAddress = new Uri(_server.Url);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Brotli_is_at_most_11700_bytes_and_as_much_as_its_page_says()
    {
        using var answer = await GetAsync("br");
        var size = (await answer.Content.ReadAsByteArrayAsync()).Length;
        var page = await File.ReadAllTextAsync(System.IO.Path.Combine(RepositoryFiles.Browser, "README.md"));
        var said = Regex.Match(page, @"([\d,]+) bytes\s+with\s+Brotli").Groups[1].Value;

        Assert.InRange(size, 1, 11_800);
        Assert.Equal(said, size.ToString("N0", System.Globalization.CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("br, gzip", "br")]
    [InlineData("gzip, deflate", "gzip")]
    [InlineData("gzip;q=1, br;q=0", "gzip")]
    [InlineData("deflate", null)]
    [InlineData(null, null)]
    public async Task Each_encoding_has_the_same_content_and_an_entity_tag_of_its_own(string? accepted, string? chosen)
    {
        using var answer = await GetAsync(accepted);
        using var plain = await GetAsync(accepted: null);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(chosen is null ? [] : new[] { chosen }, answer.Content.Headers.ContentEncoding);
        Assert.Equal("text/javascript; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("Accept-Encoding", Assert.Single(answer.Headers.Vary));
        Assert.Equal(chosen is null, answer.Headers.ETag!.Tag == plain.Headers.ETag!.Tag);
        Assert.Equal(await plain.Content.ReadAsStringAsync(), await TextAsync(answer, chosen));
    }

    [Theory]
    [InlineData("br")]
    [InlineData("gzip")]
    [InlineData(null)]
    public async Task What_the_browser_has_already_is_not_sent_again(string? accepted)
    {
        using var first = await GetAsync(accepted);
        using var again = await GetAsync(accepted, known: first.Headers.ETag);

        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        Assert.Equal(first.Headers.ETag, again.Headers.ETag);
        Assert.Empty(await again.Content.ReadAsByteArrayAsync());

        using var other = await GetAsync(accepted == "br" ? "gzip" : "br", known: first.Headers.ETag);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task Only_the_address_that_names_its_version_is_kept_for_ever()
    {
        using var plain = await GetAsync("br");
        var version = plain.Headers.ETag!.Tag.Trim('"').Replace("-br", "", StringComparison.Ordinal);
        using var versioned = await GetAsync("br", query: $"?v={version}");
        using var wrong = await GetAsync("br", query: "?v=other");

        Assert.Equal("no-cache", plain.Headers.CacheControl!.ToString());
        Assert.Equal("no-cache", wrong.Headers.CacheControl!.ToString());
        Assert.Equal(["immutable", "max-age=31536000", "public"], versioned.Headers.CacheControl!.ToString().Split(", ").Order());
    }

    private static async Task<string> TextAsync(HttpResponseMessage answer, string? encoding)
    {
        await using var raw = await answer.Content.ReadAsStreamAsync();
        await using Stream text = encoding switch
        {
            "br" => new System.IO.Compression.BrotliStream(raw, System.IO.Compression.CompressionMode.Decompress),
            "gzip" => new System.IO.Compression.GZipStream(raw, System.IO.Compression.CompressionMode.Decompress),
            _ => raw,
        };
        using var reader = new StreamReader(text);
        return await reader.ReadToEndAsync();
    }

    private async Task<HttpResponseMessage> GetAsync(string? accepted, EntityTagHeaderValue? known = null, string query = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Path + query);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
        request.Headers.TryAddWithoutValidation("If-None-Match", known?.ToString());
        return await _client.SendAsync(request);
    }
}
