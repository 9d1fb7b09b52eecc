using Microsoft.Extensions.Primitives;

namespace SessionLifetime.Http.Reading;

/// <summary>
/// The values of all cookies of one name, read from the raw header without a copy (RFC 6265, section 4.2.1). A browser sends several
/// where they were set for different paths, the nearest first.
/// </summary>
/// <remarks>Searches the name first and checks afterwards that a cookie begins there, since most of a header is other cookies.</remarks>
/// <param name="headers">The <c>Cookie</c> headers.</param>
/// <param name="name">The name of the cookie.</param>
internal ref struct CookieValues(StringValues headers, string name)
{
    private int _next;
    private ReadOnlySpan<char> _line;
    private int _at;

    public ReadOnlySpan<char> Current { get; private set; }

    public readonly CookieValues GetEnumerator() => this;

    public bool MoveNext()
    {
        while (true)
        {
            var offset = _line[_at..].IndexOf(name, StringComparison.Ordinal);
            if (offset < 0)
            {
                if (_next == headers.Count)
                {
                    return false;
                }

                (_at, _next) = (0, _next + 1);
                _line = headers[_next - 1];
                continue;
            }

            var before = _line[..(_at + offset)];
            _at += offset + name.Length;
            if (_at == _line.Length || _line[_at] != '=' || !IsStart(before))
            {
                continue;
            }

            var rest = _line[(_at + 1)..];
            var end = rest.IndexOf(';');
            _at = end < 0 ? _line.Length : _at + 1 + end;
            var value = (end < 0 ? rest : rest[..end]).TrimEnd(" \t");
            Current = value is ['"', .. var quoted, '"'] ? quoted : value;
            return true;
        }
    }

    /// <summary>Whether a cookie may begin after this text.</summary>
    private static bool IsStart(ReadOnlySpan<char> before) =>
        before is [] or [.., ';'] or [.., ';', ' '] || before.TrimEnd(" \t") is [] or [.., ';'];
}
