using System.Net;
using System.Text;

namespace SessionLifetime.Tests.Http;

/// <summary>What a client may send, but should not.</summary>
public sealed class BadRequestTests
{
    public static TheoryData<string> CallsWithBody => ["/attach", "/ping", "/activity"];

    [Theory]
    [InlineData("", "GET")]
    [InlineData("/attach", "POST")]
    [InlineData("/ping", "POST")]
    [InlineData("/activity", "POST")]
    [InlineData("/exit", "POST")]
    [InlineData("/detach", "POST")]
    [InlineData("/stretch", "GET")]
    public async Task A_wrong_method_is_told_the_right_one(string call, string allowed)
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        foreach (var method in new[] { "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW" }.Where(method => !string.Equals(method, allowed, StringComparison.Ordinal)))
        {
            var answer = (await app.CallAsync(new HttpMethod(method), call, id)).IsProblem(HttpStatusCode.MethodNotAllowed, "wrongMethod");

            Assert.Equal(allowed, answer.Header("Allow"));
        }

        var head = (await app.CallAsync(HttpMethod.Head, call, id)).Is(HttpStatusCode.MethodNotAllowed);
        Assert.Empty(head.Text);
        (await app.StatusAsync(id)).Is(HttpStatusCode.OK);
    }

    [Theory]
    [MemberData(nameof(CallsWithBody))]
    public async Task A_body_that_is_not_json_by_name_is_refused(string call)
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        foreach (var type in new[] { "text/plain", "application/x-www-form-urlencoded", "application/octet-stream", "application/jsonp", "text/json" })
        {
            (await app.CallAsync(HttpMethod.Post, call, id, """{"page":"p"}""", type)).IsProblem(HttpStatusCode.UnsupportedMediaType, "notJson");
        }

        (await app.CallAsync(HttpMethod.Post, call, id, """{"page":"p"}""", with: request => request.Content!.Headers.ContentType = null))
            .IsProblem(HttpStatusCode.UnsupportedMediaType, "notJson");
        (await app.CallAsync(HttpMethod.Post, call, id, """{"page":"p"}""", with: request =>
        {
            request.Content!.Headers.ContentType = null;
            request.Content.Headers.TryAddWithoutValidation("Content-Type", "application//;;json=\"");
        })).IsProblem(HttpStatusCode.UnsupportedMediaType, "notJson");
    }

    [Theory]
    [MemberData(nameof(CallsWithBody))]
    public async Task Json_by_any_of_its_names_is_welcome(string call)
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        foreach (var type in new[] { "application/json; charset=utf-8", "APPLICATION/JSON", "application/problem+json" })
        {
            (await app.CallAsync(HttpMethod.Post, call, id, """{"page":"p"}""", type)).Is(HttpStatusCode.OK);
        }
    }

    [Theory]
    [MemberData(nameof(CallsWithBody))]
    public async Task Broken_json_is_a_bad_request(string call)
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        string[] bodies =
        [
            "{", "}", "\"", "{\"page\":}", "{\"page\":\"p\"}}", "{'page':'p'}", "{\"page\":\"p\",}", "{\"idleMs\":NaN}", "{\"idleMs\":Infinity}",
            "{\"idleMs\":01}", "{\"idleMs\":+1}", "{/**/}", " ", "\0", "nul", "[", "[1", "{\"a\":\"\\x\"}",
            new string('[', 4000), string.Concat(Enumerable.Repeat("{\"a\":", 500)), "{\"page\":\"p\u0000\"}",
            string.Concat(Enumerable.Repeat("{\"a\":", 500)) + "1" + new string('}', 500),
        ];
        foreach (var body in bodies)
        {
            (await app.PostAsync(call, id, body)).IsProblem(HttpStatusCode.BadRequest, "badBody");
        }
    }

    [Theory]
    [MemberData(nameof(CallsWithBody))]
    public async Task Json_that_is_no_object_is_a_bad_request(string call)
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        foreach (var body in new[] { "null", "true", "1", "\"page\"", "[]", "[{\"page\":\"p\"}]" })
        {
            (await app.PostAsync(call, id, body)).IsProblem(HttpStatusCode.BadRequest, "badBody");
        }
    }

    [Theory]
    [InlineData("/attach", """{"\ud800":1,"page":"p"}""")]
    [InlineData("/attach", """{"page":"p","\udfff\ud800":1}""")]
    [InlineData("/attach", """{"pag\ud800":"p"}""")]
    [InlineData("/ping", """{"\ud800":1}""")]
    [InlineData("/ping", """{"idle\udc00":1}""")]
    [InlineData("/activity", """{"\ud800\ud800":1}""")]
    [InlineData("/detach", """{"\ud800":1}""")]
    [InlineData("/detach", """{"id":"\ud800","page":"\ud800"}""")]
    public async Task Names_and_texts_that_are_no_unicode_break_nothing(string call, string body)
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();

        var answer = await app.PostAsync(call, id, body);

        Assert.True((int)answer.Status < 500, answer.ToString());
    }

    [Theory]
    [MemberData(nameof(CallsWithBody))]
    public async Task Bytes_that_are_no_utf8_break_nothing(string call)
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        byte[][] bodies =
        [
            [0xff, 0xfe],
            [0xef, 0xbb, 0xbf, (byte)'{', (byte)'}'],
            [.. "{\"page\":\""u8, 0xff, 0xff, .. "\"}"u8],
            [.. "{\""u8, 0xc3, 0x28, .. "\":1,\"page\":\""u8, 0xed, 0xa0, 0x80, .. "\"}"u8],
            Encoding.Unicode.GetBytes("{\"page\":\"p\"}"),
        ];
        foreach (var body in bodies)
        {
            var answer = await app.CallAsync(HttpMethod.Post, call, id, "x", with: request =>
            {
                var type = request.Content!.Headers.ContentType;
                request.Content = new ByteArrayContent(body);
                request.Content.Headers.ContentType = type;
            });
            Assert.True((int)answer.Status < 500, answer.ToString());
        }
    }

    [Theory]
    [MemberData(nameof(CallsWithBody))]
    public async Task A_body_of_4096_bytes_is_read_and_one_more_is_too_large(string call)
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        const string Start = "{\"page\":\"p\",\"x\":\"";
        var most = Start + new string('x', 4096 - Start.Length - 2) + "\"}";
        Assert.Equal(4096, most.Length);

        (await app.PostAsync(call, id, most)).Is(HttpStatusCode.OK);
        (await app.PostAsync(call, id, most + " ")).IsProblem(HttpStatusCode.RequestEntityTooLarge, "tooLarge");
        (await app.PostAsync(call, id, new string(' ', 100_000))).IsProblem(HttpStatusCode.RequestEntityTooLarge, "tooLarge");
        (await app.PostAsync(call, id, "x", Chunked(most))).Is(HttpStatusCode.OK);
        (await app.PostAsync(call, id, "x", Chunked(most + " "))).IsProblem(HttpStatusCode.RequestEntityTooLarge, "tooLarge");
        (await app.PostAsync(call, id, "x", Chunked(new string('{', 100_000)))).IsProblem(HttpStatusCode.RequestEntityTooLarge, "tooLarge");

        static Action<HttpRequestMessage> Chunked(string body) => request =>
        {
            request.Content = new StreamContent(new UnseekableStream(Encoding.UTF8.GetBytes(body)));
            request.Content.Headers.ContentType = new("application/json");
            request.Headers.TransferEncodingChunked = true;
        };
    }

    [Fact]
    public async Task An_attach_without_a_body_is_refused()
    {
        await using var app = await SessionApp.StartAsync();

        (await app.PostAsync("/attach", null, body: null)).IsProblem(HttpStatusCode.UnsupportedMediaType, "notJson");
        (await app.PostAsync("/attach", null, "")).IsProblem(HttpStatusCode.BadRequest, "badBody");
    }

    [Fact]
    public async Task A_page_header_that_is_none_is_ignored()
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        foreach (var page in new[] { "", "with space", "ü", new string('x', 65), new string('x', 8000), "a,b" })
        {
            (await app.PingAsync(id, with: request => request.Headers.TryAddWithoutValidation(SessionApp.PageHeader, page))).Is(HttpStatusCode.OK);
        }

        (await app.PingAsync(id, with: request => request.Headers.Add(SessionApp.PageHeader, ["a", "b"]))).Is(HttpStatusCode.OK);
    }

    /// <summary>A body whose length nobody knows before its end.</summary>
    private sealed class UnseekableStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
