using SessionLifetime.Entries;
using SessionLifetime.Http.Reading;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Admission;

/// <summary>What a request's session id led to.</summary>
/// <param name="Kind">In a word.</param>
/// <param name="Entry">The session it is admitted to.</param>
/// <param name="Sent">The id it sent, where it is admitted.</param>
/// <param name="Reason">Why the session ended; null where nobody has said.</param>
/// <param name="Carrier">How the request said which one it means.</param>
/// <param name="EndedId">Which session it was that has ended.</param>
internal readonly record struct SessionLookup(
    SessionLookupStatus Kind,
    SessionEntry? Entry = null,
    SessionId Sent = default,
    SessionEndReason? Reason = null,
    SessionCarrier Carrier = SessionCarrier.Header,
    PublicId? EndedId = null)
{
    /// <summary>What <c>X-Session-State</c> says; null where it says nothing.</summary>
    public string? State => Kind switch
    {
        SessionLookupStatus.Ended => "ended",
        SessionLookupStatus.Unknown => "unknown",
        SessionLookupStatus.NoBrowser or SessionLookupStatus.WrongBrowser or SessionLookupStatus.WrongUser => "refused",
        _ => null,
    };

    /// <summary>The code of the answer where a session is required and this lookup gives none.</summary>
    public string Code => Kind switch
    {
        SessionLookupStatus.Ended => RefusalCodes.SessionEnded,
        SessionLookupStatus.Missing => RefusalCodes.SessionRequired,
        SessionLookupStatus.NoBrowser or SessionLookupStatus.WrongBrowser => RefusalCodes.WrongBrowser,
        SessionLookupStatus.WrongUser => RefusalCodes.WrongUser,
        SessionLookupStatus.WrongConnection => RefusalCodes.WrongConnection,
        SessionLookupStatus.BrowserFull => RefusalCodes.BrowserLimit,
        SessionLookupStatus.UserFull => RefusalCodes.UserLimit,
        _ => RefusalCodes.SessionUnknown,
    };

    /// <summary>Whether another session would be of no use: the browser or the user has as many as they may, or it takes no cookies where they must.</summary>
    public bool IsHopeless => Kind is SessionLookupStatus.NoBrowser or SessionLookupStatus.BrowserFull or SessionLookupStatus.UserFull;

    public static SessionLookup Ended(SessionEntry entry, SessionCarrier carrier = SessionCarrier.Header) =>
        new(SessionLookupStatus.Ended, Reason: entry.Read().EndReason, Carrier: carrier, EndedId: entry.Id);
}
