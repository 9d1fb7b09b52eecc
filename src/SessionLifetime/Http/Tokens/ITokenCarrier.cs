using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SessionLifetime.Http.Tokens;

/// <summary>A part of a request that may carry one-time tokens.</summary>
internal interface ITokenCarrier
{
    /// <summary>What they are for.</summary>
    TokenPurpose Purpose { get; }

    /// <summary>Whether a request may carry any: a look that costs little.</summary>
    bool MayCarry(IHttpRequestFeature request);

    /// <summary>Those of a request; it is not changed.</summary>
    IEnumerable<string> TokensOf(HttpRequest request);
}
