using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using SessionLifetime.Entries;
using SessionLifetime.Http.Tokens;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Navigation;

/// <summary>
/// Sessions that the server started for a page, until the browser module of the page takes them over: the page contains a one-time token, which the
/// module sends when it attaches.
/// </summary>
/// <remarks>
/// With the navigation relay one tab takes a session over. Another tab whose page was rendered with the same session, because both were opened at
/// once, starts a session of its own. With the cookie transport alone all tabs share a session, and each takes it over.
/// </remarks>
internal sealed class HandOvers(OneTimeTokens tokens, NavigationRelay? relay = null)
{
    /// <summary>How long a token is valid: pages in background tabs may start their scripts late.</summary>
    private static readonly TimeSpan s_lifetime = TimeSpan.FromMinutes(10);

    private static readonly object s_open = new();

    private readonly ConditionalWeakTable<SessionEntry, object> _open = [];

    /// <summary>Records that no page has taken the session over yet.</summary>
    public void Offer(SessionEntry entry) => _open.AddOrUpdate(entry, s_open);

    public bool IsOffered(SessionEntry entry) => _open.TryGetValue(entry, out _);

    /// <summary>A token for the page that is being rendered; null where its session is taken over already.</summary>
    public string? Issue(SessionEntry entry, SessionId secret, BrowserKey browser) =>
        IsOffered(entry) ? tokens.Issue(TokenPurpose.HandOver, entry, secret, browser, s_lifetime) : null;

    /// <summary>Brings the token here, where sessions are in a store: another node may have started the session.</summary>
    public async ValueTask ImportAsync(string token, HttpRequest request)
    {
        await tokens.ImportAsync(TokenPurpose.HandOver, token, request);
        if (tokens.FindImported(TokenPurpose.HandOver, token, request) is { } entry && !IsOffered(entry))
        {
            Offer(entry);
        }
    }

    /// <summary>Takes a session over; with the navigation relay one caller succeeds.</summary>
    public bool TryTake(string token, HttpRequest request, out OneTimeGrant grant) =>
        tokens.TryRedeem(TokenPurpose.HandOver, token, request, out grant)
        && grant.Entry is { } entry
        && (relay is null ? IsOffered(entry) : _open.Remove(entry));
}
