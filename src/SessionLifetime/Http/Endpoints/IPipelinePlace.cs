namespace SessionLifetime.Http.Endpoints;

/// <summary>What requests have to know of the place of the middleware in the app's pipeline.</summary>
internal interface IPipelinePlace
{
    /// <summary>Whether routing comes after the middleware, which therefore knows no endpoints.</summary>
    bool IsInFrontOfRouting { get; }

    /// <summary>Whether the antiforgery middleware comes before it, and knows no sessions.</summary>
    bool IsBehindAntiforgery { get; }
}
