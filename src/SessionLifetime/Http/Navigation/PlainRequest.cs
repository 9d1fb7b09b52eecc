using SessionLifetime.Entries;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Reading;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Navigation;

/// <summary>
/// A request without the id header that may have a session all the same: the session its one-time token or cookie names, and what its answer has to set.
/// The error page of the request finds it here, since the token can be used once only.
/// </summary>
internal sealed class PlainRequest
{
    public required SessionLookup Lookup { get; set; }

    /// <summary>The relay cookie it came with.</summary>
    public RelayCookie Relayed { get; init; }

    /// <summary>Its session, also one that it started.</summary>
    public SessionEntry? Entry { get; set; }

    /// <summary>The id that named the session.</summary>
    public SessionId Sent { get; set; }

    /// <summary>The key in the cookie of the answer, where the session it started is not bound to a browser yet.</summary>
    public BrowserKey IssuedKey { get; set; }

    /// <summary>The key of the browser that may use the tokens of this answer.</summary>
    public BrowserKey Browser => Entry is { IsBound: true } entry ? entry.Browser : IssuedKey;

    /// <summary>The path of its cookies. Read early: when the answer starts, the middleware that set the path base has reset it.</summary>
    public required string CookiePath { get; init; }

    /// <summary>Whether the browser navigates, and shows the answer as a page.</summary>
    public required bool IsNavigation { get; init; }

    /// <summary>The mark it came with that its tab was asked for the session.</summary>
    public RelayCookie Asked { get; init; }

    /// <summary>Whether the tab is asked for its session in place of the answer.</summary>
    public bool AsksTab { get; init; }

    /// <summary>Whether the answer deletes the id's cookie.</summary>
    public bool ExpiresCookie { get; set; }

    /// <summary>It has no living session.</summary>
    public void Lose(SessionLookup lookup)
    {
        ExpiresCookie |= lookup is { Status: SessionLookupStatus.Ended or SessionLookupStatus.Unknown, Carrier: SessionCarrier.Cookie };
        (Lookup, Entry) = (lookup, null);
    }
}
