using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;

namespace SessionLifetime;

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

    private readonly ConditionalWeakTable<SessionCell, object> _open = [];

    /// <summary>Nobody holds the id of this session yet.</summary>
    public void Offer(SessionCell cell) => _open.AddOrUpdate(cell, s_open);

    public bool IsOffered(SessionCell cell) => _open.TryGetValue(cell, out _);

    /// <summary>A token for the page that is being rendered; null where its session has been taken over.</summary>
    public string? Issue(SessionCell cell, SessionId secret, BrowserKey browser) =>
        IsOffered(cell) ? tokens.Issue(OneTimeUse.HandOver, cell, secret, browser, s_lifetime) : null;

    /// <summary>Takes a session over; only one succeeds where tabs are told apart.</summary>
    public bool TryTake(string token, HttpRequest request, out OneTimeGrant grant) =>
        tokens.TryRedeem(OneTimeUse.HandOver, token, request, out grant)
        && grant.Cell is { } cell
        && (relay is null ? IsOffered(cell) : _open.Remove(cell));
}
