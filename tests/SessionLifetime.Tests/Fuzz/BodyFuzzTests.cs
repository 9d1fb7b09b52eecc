using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.AspNetCore.Http;
using SessionLifetime.Http.Lifecycle;

namespace SessionLifetime.Tests.Fuzz;

/// <summary>Bodies of lifecycle calls: whatever comes, reading never throws, and gives a problem or fields that are what they should be.</summary>
public sealed partial class BodyFuzzTests
{
    private static readonly Gen<string> s_number = Gen.Frequency(
        (3, Gen.Choose(-5, 100_000).Select(static n => n.ToString(CultureInfo.InvariantCulture))),
        (1, Gen.Elements("0", "-0", "1e3", "1e308", "1e309", "-1e309", "1E-400", "0.5", "1e99999999", "922337203685477", "922337203685478", "9223372036854775808", "01", "+1", ".5", "1.", "NaN", "Infinity")),
        (1, Gen.Choose(1, 400).Select(static n => new string('9', n))));

    private static readonly Gen<string> s_string = Gen.Frequency(
        (4, Texts.WordCharacter.ArrayOf().Select(static characters => $"\"{new string(characters)}\"")),
        (2, Texts.Anything.Select(static text => JsonSerializer.Serialize(text))),
        (1, Texts.Anything.Select(static text => $"\"{text}\"")),
        (1, Gen.Elements("\"\\ud800\"", "\"\\udc00\\ud800\"", "\"a\\u0000b\"", "\"\\uD83D\\uDE00\"", "\"\\x\"", "\"\\u12\"", "\"\"")));

    private static readonly Gen<string> s_scalar = Gen.Frequency((3, s_string), (3, s_number), (2, Gen.Elements("true", "false", "null", "nul", "True", "")));

    private static readonly Gen<string> s_nested =
        from depth in Gen.Choose(1, 100)
        from opening in Gen.Elements("[", "{\"a\":")
        from value in s_scalar
        select string.Concat(Enumerable.Repeat(opening, depth)) + value + new string(opening == "[" ? ']' : '}', depth);

    private static readonly Gen<string> s_value = Gen.Frequency((8, s_scalar), (1, s_nested), (1, Gen.Elements("[]", "{}", "[1,2]", "{\"page\":\"inner\",\"idleMs\":-1}")));

    private static readonly Gen<string> s_name = Gen.Frequency(
        (8, Gen.Elements("\"page\"", "\"tab\"", "\"idleMs\"", "\"stretch\"", "\"persisted\"", "\"shared\"", "\"id\"")),
        (1, Gen.Elements("\"Page\"", "\"p\\u0061ge\"", "\"\\ud800\"", "\"idle\\udc00\"", "\"\"", "page", "'page'")),
        (1, s_string));

    private static readonly Gen<string> s_object =
        from count in Gen.Choose(0, 6)
        from names in s_name.ArrayOf(count)
        from values in s_value.ArrayOf(count)
        select "{" + string.Join(",", names.Zip(values, static (name, value) => name + ":" + value)) + "}";

    private static readonly Gen<string> s_body = Gen.Frequency((6, s_object), (4, Texts.Changed(s_object)), (1, Texts.Spliced(s_object)), (2, s_value), (1, Texts.Anything));

    private static readonly Gen<string?> s_contentType = Gen.Frequency(
        (6, Gen.Constant<string?>("application/json")),
        (1, Gen.Elements<string?>(null, "", "text/plain", "application/json; charset=utf-8", "application/problem+json", "multipart/form-data", "application/x-www-form-urlencoded")),
        (1, Texts.Changed(Gen.Constant("application/json; charset=utf-8")).Select(static type => (string?)type)));

    private static readonly Gen<byte[]> s_bytes = Gen.Frequency(
        (10, s_body.Select(Encoding.UTF8.GetBytes)),
        (1, s_body.Select(Encoding.Latin1.GetBytes)),
        (1, s_body.Select(Encoding.Unicode.GetBytes)),
        (1, s_body.Select(static text => Encoding.UTF8.GetPreamble().Concat(Encoding.UTF8.GetBytes(text)).ToArray())),
        (1, Gen.Choose(0, 255).Select(static b => (byte)b).ArrayOf()),
        (1, from body in s_body from length in Gen.Choose(4000, 4200) select Encoding.UTF8.GetBytes(body.PadRight(length))));

    [Fact]
    public void LifecycleBody_AnyBytes_NeverThrows_AndGivesAProblemOrGoodFields()
    {
        var cases =
            from bytes in s_bytes
            from type in s_contentType
            from isRequired in Gen.Elements(true, false)
            from anyType in Gen.Elements(true, false, false)
            from isSized in Gen.Elements(true, false)
            select (Bytes: bytes, Type: type, IsRequired: isRequired, AnyType: anyType, IsSized: isSized);
        FuzzRun.Check(20_000, cases, static one =>
        {
            using var body = Read(one.Bytes, one.Type, one.IsRequired, one.AnyType, one.IsSized);
            var atFirst = body.Problem;

            var page = body.Page("page", isRequired: false);
            var tab = body.Page("tab", isRequired: false);
            var idle = body.Age("idleMs");
            var (stretches, persisted) = (body.Flag("stretch"), body.Flag("persisted"));
            var id = body.Text("id");

            if (atFirst is null)
            {
                // An object, or nothing where nothing will do.
                Assert.True(one.Bytes.Length <= LifecycleBody.MaxLength);
                Assert.True(one.Bytes.Length == 0 ? !one.IsRequired : IsObject(one.Bytes));
            }
            else
            {
                Assert.Contains(atFirst.Status, new[] { 400, 413, 415 });
                Assert.Equal(one.Bytes.Length > LifecycleBody.MaxLength, atFirst.Status == 413);
                Assert.Equal(atFirst, body.Problem);
                Assert.Equal((true, true, null, false, false, null), (page.IsNone, tab.IsNone, idle, stretches, persisted, id));
                Assert.False(atFirst.Status == 400 && one.Bytes.Length > 0 && IsObject(one.Bytes));
            }

            Assert.Matches(PageOrNone(), page.ToString());
            Assert.Matches(PageOrNone(), tab.ToString());
            Assert.True(idle is null || idle >= TimeSpan.Zero);
            Assert.True(body.Problem is null || body.Problem.Status is 400 or 413 or 415);
            Assert.True(body.Problem?.Field is null or "page" or "tab" or "idleMs" or "stretch" or "persisted");
        });
    }

    [Fact]
    public void LifecycleBody_ObjectsOfKnownFields_GivesExactlyThose()
    {
        var page = Gen.Frequency((5, Texts.WordCharacter.ArrayOf().Select(static c => new string(c))), (2, Texts.Around(Texts.WordCharacter.ArrayOf().Select(static c => new string(c)))));
        var cases =
            from text in page
            from idle in Gen.Frequency((5, Gen.Choose(-3, int.MaxValue).Select(static n => (double)n)), (2, Gen.Elements(0, -0.5, 1e15, 1e300, 922337203685477.5, 0.25)))
            from flag in Gen.Elements(true, false)
            from repeats in Gen.Choose(1, 3)
            select (Text: text.Length > 300 ? text[..300] : text, Idle: idle, Flag: flag, Repeats: repeats);
        FuzzRun.Check(20_000, cases, static one =>
        {
            // Of a field that comes more than once the last counts.
            var fields = string.Concat(Enumerable.Repeat("\"page\":\"first\",\"idleMs\":\"x\",\"stretch\":1,", one.Repeats - 1));
            var json = $$"""{{{fields}}"page":{{JsonSerializer.Serialize(one.Text)}},"idleMs":{{one.Idle.ToString("R", CultureInfo.InvariantCulture)}},"stretch":{{(one.Flag ? "true" : "false")}}}""";
            using var body = Read(Encoding.UTF8.GetBytes(json), "application/json", isRequired: true, anyType: false, isSized: true);

            var isPage = Page().IsMatch(one.Text);
            Assert.Null(body.Problem);
            Assert.Equal(one.Flag, body.Flag("stretch"));
            Assert.Null(body.Problem);
            var idle = body.Age("idleMs");
            Assert.Equal(one.Idle >= 0 ? null : "idleMs", body.Problem?.Field);
            Assert.Equal(one.Idle >= 0 ? Math.Min(one.Idle, TimeSpan.MaxValue.TotalMilliseconds) : null, idle?.TotalMilliseconds);
            Assert.Equal(isPage ? one.Text : "", body.Page("page", isRequired: true).ToString());
            Assert.Equal(isPage && one.Idle >= 0, body.Problem is null);
        });
    }

    private static LifecycleBody Read(byte[] bytes, string? type, bool isRequired, bool anyType, bool isSized)
    {
        var context = new DefaultHttpContext();
        context.Request.Body = new MemoryStream(bytes);
        context.Request.ContentLength = isSized ? bytes.Length : null;
        context.Request.ContentType = type;

        // The body is there: nothing is waited for.
        var read = LifecycleBody.ReadAsync(context, isRequired, anyType).AsTask();
        Assert.True(read.IsCompleted);
        return read.GetAwaiter().GetResult();
    }

    /// <summary>As a reader that only walks through sees it.</summary>
    private static bool IsObject(byte[] bytes)
    {
        try
        {
            var reader = new Utf8JsonReader(bytes);
            var isObject = reader.Read() && reader.TokenType == JsonTokenType.StartObject;
            while (reader.Read())
            {
                // To the end: what follows may be broken.
            }

            return isObject;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_-]{0,64}\z")]
    private static partial Regex PageOrNone();

    [GeneratedRegex(@"\A[A-Za-z0-9_-]{1,64}\z")]
    private static partial Regex Page();
}
