using Microsoft.AspNetCore.Http;
using SessionLifetime.Entries;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Reading;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Navigation;

/// <summary>
/// A request without the id header that may have a session all the same: what it was found to mean, and what its answer has to do. An
/// error page comes by a second time, when the token is spent; so the first lookup stays with the request.
/// </summary>
internal sealed class PlainRequest
{
    private static readonly object s_key = new();

    public required SessionLookup Lookup { get; set; }

    /// <summary>The relay cookie it came with.</summary>
    public RelayCookie Relayed { get; init; }

    /// <summary>The session it has, also one that it started.</summary>
    public SessionEntry? Entry { get; set; }

    /// <summary>The id it has the session by.</summary>
    public SessionId Sent { get; set; }

    /// <summary>The browser's key where the session it started was given none yet: the one its answer hands out.</summary>
    public BrowserKey Handed { get; set; }

    /// <summary>The key of the browser that what is handed out for its session is meant for.</summary>
    public BrowserKey Browser => Entry is { IsBound: true } entry ? entry.Browser : Handed;

    /// <summary>Where its cookies are: by the time the answer starts, the path base may have been taken back.</summary>
    public required string CookiePath { get; init; }

    /// <summary>Whether its answer is a page that the browser shows by itself.</summary>
    public required bool IsNavigation { get; init; }

    /// <summary>Whether the answer takes the id's cookie away.</summary>
    public bool ExpiresCookie { get; set; }

    /// <summary>It turned out to lead to no living session.</summary>
    public void Lost(SessionLookup lookup)
    {
        ExpiresCookie |= lookup is { Kind: SessionLookupStatus.Ended or SessionLookupStatus.Unknown, Carrier: SessionCarrier.Cookie };
        (Lookup, Entry) = (lookup, null);
    }

    public static PlainRequest? Of(HttpContext context) => context.Items.TryGetValue(s_key, out var request) ? (PlainRequest?)request : null;

    public void Put(HttpContext context) => context.Items[s_key] = this;
}
