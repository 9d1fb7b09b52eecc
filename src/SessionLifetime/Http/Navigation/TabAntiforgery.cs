using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Engine;
using SessionLifetime.Http.Endpoints;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Navigation;

/// <summary>
/// Binds antiforgery tokens to the session their page was rendered for, as long as that is alive: a form never acts in another tab's session, even
/// where two tabs navigate at the same instant.
/// </summary>
internal sealed class TabAntiforgery(SessionEngine engine, IPipelinePlace place, ILogger<TabAntiforgery> logger) : IAntiforgeryAdditionalDataProvider
{
    private readonly ConditionalWeakTable<object, object> _warned = [];
    private int _hasWarnedOfOrder;

    public string GetAdditionalData(HttpContext context) => context.GetTabSession()?.Id ?? "";

    public bool ValidateAdditionalData(HttpContext context, string additionalData) =>
        additionalData.Length == 0
        || string.Equals(additionalData, context.GetTabSession()?.Id, StringComparison.Ordinal)
        || !IsAlive(additionalData)
        || Warn(context, additionalData);

    /// <summary>Logs the refusal, once for each endpoint. Returns false.</summary>
    private bool Warn(HttpContext context, string rendered)
    {
        if (place.IsBehindAntiforgery && RequestState.Find(context) is null && context.GetTabSession() is null)
        {
            // The middleware has not seen the request yet.
            WarnOfOrder();
        }
        else if (context.GetEndpoint() is { } endpoint && _warned.TryAdd(endpoint, endpoint))
        {
            logger.FormOfAnotherSession(endpoint.DisplayName ?? "", rendered, context.GetTabSession()?.Id ?? "none");
        }

        return false;
    }

    private void WarnOfOrder()
    {
        if (Interlocked.Exchange(ref _hasWarnedOfOrder, 1) == 0)
        {
            logger.AntiforgeryTooEarly();
        }
    }

    /// <summary>Whether the session is alive; the form of one that has ended is not refused. The framework's interface is synchronous.</summary>
    /// <exception cref="InvalidOperationException">The session is kept in a store that has to be waited for.</exception>
    private bool IsAlive(string session)
    {
        if (!PublicId.TryParse(session, out var id))
        {
            return false;
        }

        var finding = engine.Directory.FindAsync(id, CancellationToken.None);
        return finding.IsCompleted
            ? finding.Result is { IsEnded: false }
            : throw new InvalidOperationException(
                "Antiforgery tokens are validated synchronously, and the session is kept in a store that has to be waited for: await SessionDirectory.FindAsync.");
    }
}
