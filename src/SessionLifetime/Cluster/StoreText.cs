using System.Globalization;
using System.Text;

namespace SessionLifetime.Cluster;

/// <summary>
/// Texts that come from outside as every store can keep them: without NUL, and without half a surrogate pair, neither of which databases take. Such a character is
/// written as ESC and four hexadecimal digits, and so is ESC; every other text is kept as it is.
/// </summary>
internal static class StoreText
{
    /// <summary>What a store may be given as the key of a value: an index of every database has room for it.</summary>
    public const int MaxKeyBytes = 1024;

    private const char Escape = '\u001b';

    /// <summary>A text as it is kept.</summary>
    public static string? Keep(string? text)
    {
        if (text is null || IsPlain(text))
        {
            return text;
        }

        var kept = new StringBuilder(text.Length + 10);
        for (var index = 0; index < text.Length; index++)
        {
            if (char.IsSurrogatePair(text, index))
            {
                kept.Append(text, index++, 2);
            }
            else if (IsSpecial(text[index]))
            {
                kept.Append(Escape).Append(((int)text[index]).ToString("x4", CultureInfo.InvariantCulture));
            }
            else
            {
                kept.Append(text[index]);
            }
        }

        return kept.ToString();
    }

    /// <summary>A kept text as it was.</summary>
    public static string? Read(string? kept)
    {
        if (kept is null || !kept.Contains(Escape, StringComparison.Ordinal))
        {
            return kept;
        }

        var text = new StringBuilder(kept.Length);
        for (var index = 0; index < kept.Length; index++)
        {
            if (kept[index] == Escape
                && index + 5 <= kept.Length
                && ushort.TryParse(kept.AsSpan(index + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
            {
                text.Append((char)code);
                index += 4;
            }
            else
            {
                text.Append(kept[index]);
            }
        }

        return text.ToString();
    }

    /// <summary>Refuses the key of a value that a store may not be able to keep.</summary>
    /// <exception cref="ArgumentException">It is too long, or contains such a character.</exception>
    public static void CheckKey(string key)
    {
        if (!IsPlain(key) || Encoding.UTF8.GetByteCount(key) > MaxKeyBytes)
        {
            throw new ArgumentException(
                $"A key of session state that is kept in a store has at most {MaxKeyBytes} bytes of UTF-8, and no control character NUL or ESC and no half of a surrogate pair: "
                + $"\"{(key.Length > 50 ? key[..50] + "…" : key)}\".",
                nameof(key));
        }
    }

    private static bool IsSpecial(char one) => one is '\0' or Escape || char.IsSurrogate(one);

    private static bool IsPlain(string text)
    {
        for (var index = 0; index < text.Length; index++)
        {
            if (IsSpecial(text[index]))
            {
                if (!char.IsSurrogatePair(text, index))
                {
                    return false;
                }

                index++;
            }
        }

        return true;
    }
}
