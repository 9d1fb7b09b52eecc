using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using SessionLifetime.Ids;

namespace SessionLifetime.Tests.Fuzz;

/// <summary>Ids and keys, against a reference that reads them character by character and bit by bit.</summary>
public sealed class WordFuzzTests
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    private static readonly Gen<ulong> s_word =
        from high in Gen.Choose(int.MinValue, int.MaxValue)
        from low in Gen.Choose(int.MinValue, int.MaxValue)
        from few in Gen.Choose(0, 5)
        select few == 0 ? (ulong)(uint)(high & 1) : ((ulong)(uint)high << 32) | (uint)low;

    private static readonly Gen<(ulong High, ulong Low)> s_words = from high in s_word from low in s_word select (high, low);

    private static readonly Gen<string> s_one = Gen.Frequency(
        (3, s_word.Select(static word => new PublicId(word).ToString())),
        (1, Texts.WordCharacter.ArrayOf(11).Select(static characters => new string(characters))));

    private static readonly Gen<string> s_two = Gen.Frequency(
        (3, s_words.Select(static words => new SessionId(words.High, words.Low).Reveal())),
        (1, Texts.WordCharacter.ArrayOf(22).Select(static characters => new string(characters))));

    [Fact]
    public void SessionId_AnyText_IsReadAsTheReferenceReadsIt() => FuzzRun.CheckTexts(20_000, Texts.AroundAndHuge(s_two), static text =>
    {
        var expected = Read(text, 128);

        Assert.Equal(expected is not null, SessionId.TryParse(text, out var id));
        if (expected is not null)
        {
            Assert.Equal((Word(expected[..64]), Word(expected[64..])), (id.High, id.Low));
            Assert.Equal(text, id.Reveal());
        }
    });

    [Fact]
    public void BrowserKey_AnyText_IsReadAsTheReferenceReadsIt() => FuzzRun.CheckTexts(20_000, Texts.AroundAndHuge(s_two), static text =>
    {
        var expected = Read(text, 128) is { } bits && bits.Contains('1', StringComparison.Ordinal) ? bits : null;

        Assert.Equal(expected is not null, BrowserKey.TryParse(text, out var key));
        if (expected is not null)
        {
            Assert.Equal((Word(expected[..64]), Word(expected[64..])), (key.High, key.Low));
            Assert.Equal(text, key.Reveal());
            Assert.Equal(new BrowserKey(key.High, key.Low).ToId(), key.ToId());
        }
    });

    [Fact]
    public void PublicId_AnyText_IsReadAsTheReferenceReadsIt() => FuzzRun.CheckTexts(20_000, Texts.AroundAndHuge(s_one), static text =>
    {
        var expected = Read(text, 64);

        Assert.Equal(expected is not null, PublicId.TryParse(text, out var id));
        if (expected is not null)
        {
            Assert.Equal(Word(expected), id.Value);
            Assert.Equal(text, id.ToString());
        }
    });

    [Fact]
    public void BrowserId_AnyText_IsReadAsTheReferenceReadsIt() => FuzzRun.CheckTexts(20_000, Texts.AroundAndHuge(s_one), static text =>
    {
        var expected = Read(text, 64);

        Assert.Equal(expected is not null, BrowserId.TryParse(text, out var id));
        if (expected is not null)
        {
            Assert.Equal(Word(expected), id.Value);
            Assert.Equal(text, id.ToString());
        }
    });

    [Fact]
    public void EveryValue_HasOneSpelling_AndRoundTrips() => FuzzRun.Check(10_000, s_words, static words =>
    {
        var text = new SessionId(words.High, words.Low).Reveal();

        Assert.True(SessionId.TryParse(text, out var id));
        Assert.Equal(new SessionId(words.High, words.Low), id);
        Assert.Equal(words.High != 0 || words.Low != 0, BrowserKey.TryParse(text, out var key));
        Assert.Equal(new BrowserKey(words.High, words.Low), key);
        Assert.True(PublicId.TryParse(new PublicId(words.Low).ToString(), out var publicId));
        Assert.Equal(words.Low, publicId.Value);

        // Whatever else the last character may be, it is no second spelling.
        foreach (var last in Alphabet.Where(last => last != text[^1]))
        {
            Assert.False(SessionId.TryParse(text[..^1] + last, out var other) && other == id);
        }
    });

    [Fact]
    public void PageId_AnyText_IsReadAsTheRuleSays()
    {
        var pages = from length in Gen.Choose(1, 66) from characters in Texts.WordCharacter.ArrayOf(length) select new string(characters);
        FuzzRun.CheckTexts(20_000, Texts.AroundAndHuge(pages), static text =>
        {
            var expected = text.Length is >= 1 and <= 64 && text.All(static c => Alphabet.Contains(c, StringComparison.Ordinal));

            Assert.Equal(expected, PageId.TryCreate(text, out var id));
            Assert.Equal(expected ? text : "", id.ToString());
            Assert.Equal(!expected, id.IsNone);
        });
    }

    /// <summary>The bits the text stands for, as digits; null when it is not the one spelling of that many bits.</summary>
    private static string? Read(string text, int bits)
    {
        if (text.Length != (bits + 5) / 6 || !text.All(static c => Alphabet.Contains(c, StringComparison.Ordinal)))
        {
            return null;
        }

        var digits = string.Concat(text.Select(static c => Convert.ToString(Alphabet.IndexOf(c, StringComparison.Ordinal), 2).PadLeft(6, '0')));
        return digits[bits..].Contains('1', StringComparison.Ordinal) ? null : digits[..bits];
    }

    private static ulong Word(string digits) => ulong.Parse(digits, NumberStyles.BinaryNumber, CultureInfo.InvariantCulture);
}
