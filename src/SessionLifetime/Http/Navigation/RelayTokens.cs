using Microsoft.AspNetCore.Http;
using SessionLifetime.Http.Tokens;

namespace SessionLifetime.Http.Navigation;

/// <summary>The tokens in relay cookies.</summary>
internal sealed class RelayTokens : ITokenCarrier
{
    public TokenPurpose Purpose => TokenPurpose.Navigation;

    public IEnumerable<string> TokensOf(HttpRequest request) => RelayCookie.For(request).Select(static cookie => cookie.Token).Take(4);
}
