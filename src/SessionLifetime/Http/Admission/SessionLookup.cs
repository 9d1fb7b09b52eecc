using System.Runtime.InteropServices;
using SessionLifetime.Entries;
using SessionLifetime.Http.Reading;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Admission;

/// <summary>What was found for the session id of a request.</summary>
/// <param name="Status">The outcome.</param>
/// <param name="Entry">The session the request is admitted to; null where there is none.</param>
/// <param name="Sent">The id the request sent, where a session was found by it.</param>
/// <param name="Reason">Why the session ended; null where it is not known.</param>
/// <param name="Carrier">Where the request carries the id.</param>
/// <param name="EndedId">The public id of the session that has ended.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SessionLookup(
    SessionLookupStatus Status,
    SessionEntry? Entry = null,
    SessionId Sent = default,
    SessionEndReason? Reason = null,
    SessionCarrier Carrier = SessionCarrier.Header,
    PublicId EndedId = default)
{
    /// <summary>The value of <c>X-Session-State</c>; null for no header.</summary>
    public string? State => Status switch
    {
        SessionLookupStatus.Ended => "ended",
        SessionLookupStatus.Unknown => "unknown",
        SessionLookupStatus.NoBrowser or SessionLookupStatus.WrongBrowser or SessionLookupStatus.WrongUser => "refused",
        _ => null,
    };

    /// <summary>The code of the answer that refuses the request.</summary>
    public string Code => Status switch
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

    /// <summary>Whether a new session would be refused too: the browser or the user is at the limit, or a required browser key is missing.</summary>
    public bool RefusesNewSession => Status is SessionLookupStatus.NoBrowser or SessionLookupStatus.BrowserFull or SessionLookupStatus.UserFull;

    /// <summary>No session was found.</summary>
    public static readonly SessionLookup Unknown = new(SessionLookupStatus.Unknown);

    /// <summary>What the guard has said of a session that was found.</summary>
    public static SessionLookup Of(SessionLookupStatus admitted, SessionEntry entry, SessionId sent) =>
        new(admitted, admitted == SessionLookupStatus.Found ? entry : null, sent);

    public static SessionLookup Ended(SessionEntry entry, SessionCarrier carrier = SessionCarrier.Header) =>
        new(SessionLookupStatus.Ended, Reason: entry.Read().EndReason, Carrier: carrier, EndedId: entry.Id);
}
