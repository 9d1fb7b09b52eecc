using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using SessionLifetime.Configuration;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Reading;
using SessionLifetime.Ids;

namespace SessionLifetime.Tests.Fuzz;

/// <summary>What is read from headers: cookies, where a request comes from, whether anybody asked for it.</summary>
public sealed partial class HeaderFuzzTests
{
    private const string Name = "SessionLifetime.Browser";

    private static readonly Gen<string> s_key = Texts.WordCharacter.ArrayOf(21).Select(static characters => new string(characters) + "A");

    private static readonly Gen<string> s_name = Gen.Frequency(
        (4, Gen.Constant(Name)),
        (1, Texts.Changed(Gen.Constant(Name))),
        (1, Gen.Elements("a", "SessionLifetime", "SessionLifetime.Browser2", "sessionlifetime.browser", ".SessionLifetime.Browser", "__Host-SessionLifetime.Browser")));

    private static readonly Gen<string> s_pair =
        from name in s_name
        from value in Gen.Frequency((4, s_key), (1, s_key.Select(static key => $"\"{key}\"")), (2, Texts.Around(s_key)))
        from sign in Gen.Frequency((8, Gen.Constant("=")), (1, Gen.Elements("", "==", " = ", "=\"", ":")))
        select name + sign + value;

    private static readonly Gen<string> s_header =
        from count in Gen.Choose(0, 6)
        from pairs in s_pair.ArrayOf(count)
        from separator in Gen.Frequency((6, Gen.Constant("; ")), (3, Gen.Elements(";", ";;", " ; ", ";\t", ",", "; ;", "\"; ", "\r\n")))
        select string.Join(separator, pairs);

    [Fact]
    public void CookieValues_AnyHeaders_AreThoseOfTheReference()
    {
        var headers = from count in Gen.Choose(0, 3) from lines in Gen.Frequency((5, s_header), (5, Texts.Changed(s_header)), (1, Texts.Huge)).ArrayOf(count) select lines;
        FuzzRun.Check(20_000, headers, static lines => Assert.Equal(Reference(lines), Read(new StringValues(lines))));
    }

    [Fact]
    public void CookieValues_WellFormedHeaders_AreThoseOfTheFramework()
    {
        var value = Gen.Elements("!#$%&'()*+-./:<=>?@[]^_`{|}~abcXYZ0189".ToCharArray()).ArrayOf().Select(static characters => new string(characters));
        var pair =
            from name in Gen.Elements(Name, Name, "a", "SessionLifetime", Name + "2", "." + Name)
            from text in Gen.OneOf(s_key, value)
            from isQuoted in Gen.Elements(true, false, false)
            select name + "=" + (isQuoted ? $"\"{text}\"" : text);
        var header = from count in Gen.Choose(1, 6) from pairs in pair.ArrayOf(count) select string.Join("; ", pairs);
        FuzzRun.CheckTexts(10_000, header, static line =>
        {
            Assert.True(CookieHeaderValue.TryParseStrictList([line], out var cookies));
            var expected = cookies.Where(static cookie => cookie.Name.Equals(Name, StringComparison.Ordinal)).Select(static cookie => cookie.Value.ToString());

            Assert.Equal(expected.Select(Unquoted), Read(line));
        });
    }

    [Fact]
    public void BrowserCookie_AnyHeaders_TheFirstKeyCounts_AndEveryKeyIsCarried()
    {
        var cookie = new BrowserCookie(Options.Create(new BrowserCookieOptions()), new HostingEnvironment(), NullLogger<BrowserCookie>.Instance);
        var headers = from count in Gen.Choose(0, 2) from lines in Gen.OneOf(s_header, Texts.Changed(s_header)).ArrayOf(count) select lines;
        FuzzRun.Check(20_000, headers, lines =>
        {
            var request = new DefaultHttpContext().Request;
            request.Headers.Cookie = new StringValues(lines);
            var keys = Reference(lines).Where(static text => BrowserKey.TryParse(text, out _)).ToList();

            var key = cookie.Read(request);

            Assert.Equal(keys.FirstOrDefault(), key.IsNone ? null : key.Reveal());
            Assert.All(keys, text => Assert.True(BrowserKey.TryParse(text, out var each) && cookie.Carries(request.Headers, each)));
            var elsewhere = lines.SelectMany(static line => KeyText().Matches(line).Select(static match => match.Groups["key"].Value)).Except(keys);
            Assert.All(elsewhere, text => Assert.False(BrowserKey.TryParse(text, out var each) && cookie.Carries(request.Headers, each)));
            Assert.False(cookie.Carries(request.Headers, BrowserKey.Create()));
            Assert.False(cookie.Carries(request.Headers, BrowserKey.None));
        });
    }

    [Fact]
    public void RequestOrigin_AnyHeaders_NobodyElseIsTheSame()
    {
        var origin = Gen.Elements("https://app.example", "http://app.example", "https://app.example:444", "http://app.example:8080", "https://evil.example", "null", "https://[::1]", "http://xn--bcher-kva.example", "http://xn--999999999");
        var host = Gen.Elements("app.example", "app.example:8080", "app.example:444", "APP.example", "[::1]", "evil.example", "xn--bcher-kva.example", "xn--999999999", "xn--.example");
        var site = Gen.Elements("same-origin", "same-site", "cross-site", "none", "Same-Origin", "same-origin, same-origin");
        var cases =
            from scheme in Gen.Elements("https", "http")
            from target in Gen.Frequency((3, host), (1, Texts.Changed(host)))
            from origins in UpToTwo(Texts.Around(origin))
            from sites in UpToTwo(Gen.Frequency((3, site), (1, Texts.Around(site))))
            select (scheme, target, origins, sites);
        FuzzRun.Check(20_000, cases, static one =>
        {
            var (scheme, target, origins, sites) = one;
            var request = new DefaultHttpContext().Request;
            request.Scheme = scheme;
            request.Headers.Host = target;
            request.Headers.Origin = new StringValues(origins);
            request.Headers["Sec-Fetch-Site"] = new StringValues(sites);

            var isSame = RequestOrigin.IsSame(request);

            if (sites.Length > 0)
            {
                // The browser's own word is all that counts.
                Assert.Equal(sites.Length == 1 && SameOrigin().IsMatch(sites[0]), isSame);
            }
            else if (origins.Length == 0)
            {
                Assert.True(isSame);
            }
            else if (isSame)
            {
                Assert.Single(origins);
                Assert.Equal($"{scheme}://{target}", origins[0], StringComparer.OrdinalIgnoreCase);
            }
            else
            {
                Assert.False(origins.Length == 1 && string.Equals($"{scheme}://{target}", origins[0], StringComparison.OrdinalIgnoreCase));
            }
        });
    }

    [Fact]
    public void Speculation_AnyPurpose_IsWhatSpeaksOfIt()
    {
        var purpose = Gen.Elements("prefetch", "prefetch;prerender", "prerender", "Prefetch", "PREFETCH;anonymous-client-ip", "preview", "");
        FuzzRun.Check(20_000, UpToTwo(Texts.Around(purpose)), static purposes =>
        {
            var request = new DefaultHttpContext().Request;
            request.Headers["Sec-Purpose"] = new StringValues(purposes);

            // One purpose too many is better taken for nobody's wish than for a user's.
            Assert.Equal(Asked().IsMatch(string.Join(',', purposes)), RequestClassification.HasSpeculativePurpose(request));
        });
    }

    private static Gen<string[]> UpToTwo(Gen<string> value) => from count in Gen.Choose(0, 2) from values in value.ArrayOf(count) select values;

    private static List<string> Read(StringValues headers)
    {
        var values = new List<string>();
        foreach (var value in new CookieValues(headers, Name))
        {
            values.Add(value.ToString());
        }

        return values;
    }

    /// <summary>As RFC 6265 reads a header, step by step.</summary>
    private static List<string> Reference(string[] lines)
    {
        var values = new List<string>();
        foreach (var pair in lines.SelectMany(static line => line.Split(';')))
        {
            var trimmed = pair.Trim(' ', '\t');
            var equals = trimmed.IndexOf('=', StringComparison.Ordinal);
            if (equals >= 0 && string.Equals(trimmed[..equals], Name, StringComparison.Ordinal))
            {
                values.Add(Unquoted(trimmed[(equals + 1)..]));
            }
        }

        return values;
    }

    private static string Unquoted(string value) =>
        value.Length >= 2 && value.StartsWith('"') && value.EndsWith('"') ? value[1..^1] : value;

    [GeneratedRegex(@"\Asame-origin\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SameOrigin();

    [GeneratedRegex(@"SessionLifetime\.Browser=(?=(?<key>[A-Za-z0-9_-]{22}))", RegexOptions.CultureInvariant)]
    private static partial Regex KeyText();

    [GeneratedRegex("prefetch|prerender", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Asked();
}
