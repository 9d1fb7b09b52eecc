using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using SessionLifetime.Http.Tokens;

namespace SessionLifetime.Http.Navigation;

/// <summary>The tokens in relay cookies.</summary>
internal sealed class RelayTokens : ITokenCarrier
{
    public TokenPurpose Purpose => TokenPurpose.Navigation;

    public bool MayCarry(IHttpRequestFeature request)
    {
        var headers = request.Headers.Cookie;
        for (var index = 0; index < headers.Count; index++)
        {
            if (headers[index].AsSpan().Contains(RelayCookie.Prefix, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    public IEnumerable<string> TokensOf(HttpRequest request) => RelayCookie.For(request).Select(static cookie => cookie.Token).Take(4);
}
