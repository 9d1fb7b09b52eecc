using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using SessionLifetime.Directories;
using SessionLifetime.Http.Admission;

namespace SessionLifetime.Http.Answers;

/// <summary>An answer that says what is wrong and what to do (RFC 9457).</summary>
internal sealed record SessionProblem
{
    public required string Title { get; init; }

    public required int Status { get; init; }

    public required string Detail { get; init; }

    /// <summary>The code, which programs may rely on.</summary>
    public required string Code { get; init; }

    /// <summary>Why the session ended.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    /// <summary>The field of the body that is wrong.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Field { get; init; }

    /// <summary>The value of <c>Retry-After</c>, in seconds: a full server takes longer than a busy session.</summary>
    [JsonIgnore]
    public string RetryAfter { get; init; } = "30";

    public static SessionProblem Required => new()
    {
        Status = StatusCodes.Status428PreconditionRequired,
        Code = RefusalCodes.SessionRequired,
        Title = "A session is required.",
        Detail = "The request carries no session id. Put the browser module into the page; without it, attach first, and send the id you are given with every request.",
    };

    /// <summary>The problem of a browser that navigated, which carries no id whatever is in its page.</summary>
    public static SessionProblem RequiredByNavigation(string cure) => Required with { Detail = "The browser came by a link, a form or a typed address, and such requests carry no session id. " + cure };

    public static SessionProblem Unknown => new()
    {
        Status = StatusCodes.Status404NotFound,
        Code = RefusalCodes.SessionUnknown,
        Title = "The session is unknown.",
        Detail = "This server has no such session: it restarted, ended the session too long ago to remember, or gave it a newer id; or another server started it, and the servers share no store. Attach again.",
    };

    public static SessionProblem StoreAway => new()
    {
        Status = StatusCodes.Status503ServiceUnavailable,
        Code = RefusalCodes.StoreAway,
        Title = "The store of the sessions does not answer.",
        Detail = "The session is as it was. Send the request again in a moment, with the same id.",
        RetryAfter = "1",
    };

    public static SessionProblem WrongBrowser => new()
    {
        Status = StatusCodes.Status403Forbidden,
        Code = RefusalCodes.WrongBrowser,
        Title = "The session belongs to another browser.",
        Detail = "The request does not carry the cookie of the browser the session belongs to. Send cookies, or attach for a session of its own.",
    };

    public static SessionProblem WrongUser => new()
    {
        Status = StatusCodes.Status403Forbidden,
        Code = RefusalCodes.WrongUser,
        Title = "The session belongs to another user.",
        Detail = "Another user is signed in than the one the session belongs to. Attach for a session of its own.",
    };

    public static SessionProblem WrongConnection => new()
    {
        Status = StatusCodes.Status403Forbidden,
        Code = RefusalCodes.WrongConnection,
        Title = "The connection belongs to another session.",
        Detail = "Each request of an open connection carries the id of the session it was opened in. Open another connection for this session.",
    };

    public static SessionProblem AtCapacity => new()
    {
        Status = StatusCodes.Status503ServiceUnavailable,
        Code = "atCapacity",
        Title = "No session can be started now.",
        Detail = "As many sessions live as this server allows. Try again later.",
    };

    public static SessionProblem BrowserLimit => AtCapacity with
    {
        Code = RefusalCodes.BrowserLimit,
        Detail = "As many sessions of this browser live as this server allows. Close a tab, and try again.",
    };

    public static SessionProblem UserLimit => AtCapacity with
    {
        Code = RefusalCodes.UserLimit,
        Detail = "As many sessions of this user live as this server allows. Sign out elsewhere, and try again.",
    };

    public static SessionProblem NoTicket => AtCapacity with
    {
        Code = "noTicket",
        Title = "No ticket can be handed out now.",
        Detail = "As many tickets are open as this server allows. Try again later.",
    };

    public static SessionProblem Busy(TimeSpan timeout) => new()
    {
        Status = StatusCodes.Status503ServiceUnavailable,
        Code = "sessionBusy",
        Title = "The session is busy.",
        RetryAfter = "1",
        Detail = $"Such requests of one session are served one at a time. Too many wait, or this one waited for {timeout.TotalSeconds:0.###} seconds. Try again later.",
    };

    public static SessionProblem NotJson => new()
    {
        Status = StatusCodes.Status415UnsupportedMediaType,
        Code = "notJson",
        Title = "The body is not JSON.",
        Detail = "Send a JSON object with Content-Type: application/json.",
    };

    public static SessionProblem TooLarge => new()
    {
        Status = StatusCodes.Status413PayloadTooLarge,
        Code = "tooLarge",
        Title = "The body is too large.",
        Detail = "A lifecycle call takes 4,096 bytes at most.",
    };

    public static SessionProblem Ended(SessionEndReason? reason) => new()
    {
        Status = StatusCodes.Status410Gone,
        Code = RefusalCodes.SessionEnded,
        Title = "The session has ended.",
        Detail = "Attach again to start a new one.",
        Reason = reason?.ToString(),
    };

    public static SessionProblem BadBody(string detail, string? field = null) => new()
    {
        Status = StatusCodes.Status400BadRequest,
        Code = "badBody",
        Title = "The body is not what it should be.",
        Detail = detail,
        Field = field,
    };

    public static SessionProblem WrongMethod(string allowed) => new()
    {
        Status = StatusCodes.Status405MethodNotAllowed,
        Code = "wrongMethod",
        Title = "The method is not allowed.",
        Detail = $"Use {allowed}.",
    };

    /// <summary>The problem of a session that could not be added.</summary>
    public static SessionProblem Of(PlacementResult outcome) => outcome switch
    {
        PlacementResult.BrowserFull => BrowserLimit,
        PlacementResult.UserFull => UserLimit,
        _ => AtCapacity,
    };

    /// <summary>The problem of a request that needs a session and has none.</summary>
    public static SessionProblem Of(SessionLookup lookup) => lookup.Status switch
    {
        SessionLookupStatus.Ended => Ended(lookup.Reason),
        SessionLookupStatus.Missing => Required,
        SessionLookupStatus.NoBrowser or SessionLookupStatus.WrongBrowser => WrongBrowser,
        SessionLookupStatus.WrongUser => WrongUser,
        SessionLookupStatus.WrongConnection => WrongConnection,
        SessionLookupStatus.BrowserFull => BrowserLimit,
        SessionLookupStatus.UserFull => UserLimit,
        _ => Unknown,
    };
}
