using Microsoft.Extensions.Primitives;

namespace SessionLifetime;

/// <summary>
/// The values of all cookies of one name, read from the raw header without a copy (RFC 6265, section 4.2.1). A browser sends several
/// where they were set for different paths, the nearest first.
/// </summary>
internal ref struct CookieValues(StringValues headers, string name)
{
    private int _next;
    private ReadOnlySpan<char> _rest;

    public ReadOnlySpan<char> Current { get; private set; }

    public readonly CookieValues GetEnumerator() => this;

    public bool MoveNext()
    {
        while (true)
        {
            while (_rest.IsEmpty)
            {
                if (_next == headers.Count)
                {
                    return false;
                }

                _rest = headers[_next++];
            }

            var end = _rest.IndexOf(';');
            var pair = (end < 0 ? _rest : _rest[..end]).Trim(" \t");
            _rest = end < 0 ? default : _rest[(end + 1)..];
            if (pair.Length <= name.Length || pair[name.Length] != '=' || !pair.StartsWith(name, StringComparison.Ordinal))
            {
                continue;
            }

            var value = pair[(name.Length + 1)..];
            Current = value is ['"', .. var quoted, '"'] ? quoted : value;
            return true;
        }
    }
}
