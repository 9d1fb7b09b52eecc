using FsCheck;
using FsCheck.Fluent;

namespace SessionLifetime.Tests.Fuzz;

/// <summary>Texts as attackers send them: valid ones, valid ones changed a little, and anything at all.</summary>
internal static class Texts
{
    private const string WordCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    public static readonly Gen<char> WordCharacter = Gen.Elements(WordCharacters.ToCharArray());

    /// <summary>Letters, what separates things in headers and JSON, controls, and characters that look or fold like others.</summary>
    public static readonly Gen<char> Character = Gen.Frequency(
        (6, WordCharacter),
        (4, Gen.Choose(0x20, 0x7e).Select(static c => (char)c)),
        (4, Gen.Elements("+/=,;:\"' \\{}[]%&?#.*@~\t".ToCharArray())),
        (2, Gen.Choose(0, 0x1f).Select(static c => (char)c)),
        (2, Gen.Elements("\r\n\0\t\v\f\u007f\u0085\u00a0\u00ad\u2028\u2029\ufeff\u200b\u202e".ToCharArray())),
        (1, Gen.Elements("\ud800\udbff\udc00\udfff\uffff\ufffe\uff21\u0410\u212a\u0131\u017f\u00c4\u0660".ToCharArray())),
        (1, Gen.Choose(0, 0xffff).Select(static c => (char)c)));

    public static readonly Gen<string> Anything = Character.ArrayOf().Select(static characters => new string(characters));

    public static readonly Gen<string> Huge =
        from part in Character.ArrayOf(7)
        from times in Gen.Choose(1, 2000)
        select string.Concat(Enumerable.Repeat(new string(part), times));

    private static readonly Gen<(int Kind, double Where, double Length, char Character)> s_change =
        from kind in Gen.Choose(0, 9)
        from at in Gen.Choose(0, 1000)
        from length in Gen.Choose(0, 1000)
        from character in Character
        select (kind, at / 1000.0, length / 1000.0, character);

    /// <summary>Mostly changed, some as they are, a few that have nothing to do with them.</summary>
    public static Gen<string> Around(Gen<string> valid) => Gen.Frequency((3, valid), (10, Changed(valid)), (2, Spliced(valid)), (3, Anything));

    /// <summary>What <see cref="Around"/> gives, and now and then something huge.</summary>
    public static Gen<string> AroundAndHuge(Gen<string> valid) => Gen.Frequency((40, Around(valid)), (1, Huge));

    /// <summary>Changed in one to four places.</summary>
    public static Gen<string> Changed(Gen<string> valid) =>
        from text in valid
        from count in Gen.Choose(1, 4)
        from changes in s_change.ArrayOf(count)
        select changes.Aggregate(text, Change);

    /// <summary>The front of one and the end of another.</summary>
    public static Gen<string> Spliced(Gen<string> valid) =>
        from one in valid
        from other in valid
        from cut in Gen.Choose(0, 40)
        from resume in Gen.Choose(0, 40)
        select one[..Math.Min(cut, one.Length)] + other[Math.Min(resume, other.Length)..];

    public static IEnumerable<string> Shorter(string text)
    {
        for (var length = text.Length / 2; length > 0; length /= 2)
        {
            for (var start = 0; start + length <= text.Length; start += length)
            {
                yield return text.Remove(start, length);
            }
        }
    }

    private static string Change(string text, (int Kind, double Where, double Length, char Character) change)
    {
        var at = (int)(change.Where * text.Length);
        var rest = (int)(change.Length * (text.Length - at));
        var at1 = Math.Min(at, Math.Max(0, text.Length - 1));
        return change.Kind switch
        {
            0 or 1 when text.Length > 0 => text.Remove(at1, 1).Insert(at1, change.Character.ToString()),
            2 => text.Insert(at, change.Character.ToString()),
            3 when text.Length > 0 => text.Remove(at1, 1),
            4 => text.Remove(at, rest),
            5 => text.Insert(at, text.Substring(at, rest)),
            6 when text.Length > 0 => text.Remove(at1, 1).Insert(at1, ((char)(text[at1] ^ (1 << (int)(change.Length * 15)))).ToString()),
            7 => change.Where < 0.5 ? change.Character + text : text + change.Character,
            8 when text.Length > 0 => text.Remove(at1, 1).Insert(at1, char.IsUpper(text[at1]) ? char.ToLowerInvariant(text[at1]).ToString() : char.ToUpperInvariant(text[at1]).ToString()),
            _ => text + text,
        };
    }
}
