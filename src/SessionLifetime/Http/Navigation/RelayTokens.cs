using Microsoft.AspNetCore.Http;
using SessionLifetime.Http.Tokens;

namespace SessionLifetime.Http.Navigation;

/// <summary>The tokens in relay cookies.</summary>
internal sealed class RelayTokens : ITokenCarrier
{
    public TokenPurpose Purpose => TokenPurpose.Navigation;

    public bool MayCarry(HttpRequest request)
    {
        foreach (var header in request.Headers.Cookie)
        {
            if (header.AsSpan().Contains(RelayCookie.Prefix, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    public IEnumerable<string> TokensOf(HttpRequest request) => RelayCookie.For(request).Select(static cookie => cookie.Token).Take(4);
}
