using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using SessionLifetime.Entries;
using SessionLifetime.Http.Tokens;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Navigation;

/// <summary>
/// Sessions that the server started for a page, until the browser module in such a page takes them over: the page holds a one-time
/// token, which the module hands in when it attaches.
/// </summary>
/// <remarks>
/// Where tabs are told apart, the first tab that takes a session over has it: another that was rendered with the same one, because
/// both were opened at once, attaches for one of its own. Where all tabs share the cookie's session, each of them takes it over.
/// </remarks>
internal sealed class HandOvers(OneTimeTokens tokens, NavigationRelay? relay = null)
{
    /// <summary>A page that was opened in the background may start its scripts late.</summary>
    private static readonly TimeSpan s_lifetime = TimeSpan.FromMinutes(10);

    private static readonly object s_open = new();

    private readonly ConditionalWeakTable<SessionEntry, object> _open = [];

    /// <summary>Nobody holds the id of this session yet.</summary>
    public void Offer(SessionEntry entry) => _open.AddOrUpdate(entry, s_open);

    public bool IsOffered(SessionEntry entry) => _open.TryGetValue(entry, out _);

    /// <summary>A token for the page that is being rendered; null where its session has been taken over.</summary>
    public string? Issue(SessionEntry entry, SessionId secret, BrowserKey browser) =>
        IsOffered(entry) ? tokens.Issue(TokenPurpose.HandOver, entry, secret, browser, s_lifetime) : null;

    /// <summary>Takes a session over; only one succeeds where tabs are told apart.</summary>
    public bool TryTake(string token, HttpRequest request, out OneTimeGrant grant) =>
        tokens.TryRedeem(TokenPurpose.HandOver, token, request, out grant)
        && grant.Entry is { } entry
        && (relay is null ? IsOffered(entry) : _open.Remove(entry));
}
