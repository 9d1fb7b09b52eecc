using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Engine;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Navigation;

/// <summary>
/// Makes a form worth something in the session its page was rendered for only, as long as that lives: what is posted can never act in
/// another tab's session, even where two tabs navigated at the same instant.
/// </summary>
internal sealed class TabAntiforgery(SessionEngine engine, ILogger<TabAntiforgery> logger) : IAntiforgeryAdditionalDataProvider
{
    private readonly ConditionalWeakTable<object, object> _warned = [];

    public string GetAdditionalData(HttpContext context) => context.GetTabSession()?.Id ?? "";

    public bool ValidateAdditionalData(HttpContext context, string additionalData) =>
        additionalData.Length == 0
        || string.Equals(additionalData, context.GetTabSession()?.Id, StringComparison.Ordinal)
        || !IsAlive(additionalData)
        || Warn(context, additionalData);

    /// <summary>Says it once for each endpoint; false.</summary>
    private bool Warn(HttpContext context, string rendered)
    {
        if (context.GetEndpoint() is { } endpoint && _warned.TryAdd(endpoint, endpoint))
        {
            logger.FormOfAnotherSession(endpoint.DisplayName ?? "", rendered, context.GetTabSession()?.Id ?? "none");
        }

        return false;
    }

    /// <summary>A form that outlived its session is judged as any other. The in-memory store never waits.</summary>
    private bool IsAlive(string session)
    {
        if (!PublicId.TryParse(session, out var id))
        {
            return false;
        }

        var lookup = engine.Directory.FindAsync(id, CancellationToken.None);
        var entry = lookup.IsCompleted ? lookup.Result : lookup.AsTask().GetAwaiter().GetResult();
        return entry is { IsEnded: false };
    }
}
