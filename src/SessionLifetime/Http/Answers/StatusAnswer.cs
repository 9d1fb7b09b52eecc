using System.Text.Json.Serialization;
using SessionLifetime.Entries;
using SessionLifetime.Policy;

namespace SessionLifetime.Http.Answers;

/// <summary>The status of a session on the wire; with <see cref="Outcome"/>, the answer to an attach.</summary>
internal sealed record StatusAnswer
{
    /// <summary>While timeout handlers are being asked, the browser asks again this soon.</summary>
    private static readonly TimeSpan s_askAgain = TimeSpan.FromSeconds(1);

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Outcome { get; init; }

    /// <summary>The secret id, in answers that hand it out.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Id { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PreviousSession? Previous { get; init; }

    public required string Session { get; init; }

    public required string State { get; init; }

    public required bool Countdown { get; init; }

    public required long? CountdownMs { get; init; }

    public required bool Extendable { get; init; }

    public required long? TimeoutInMs { get; init; }

    public required long? EndsInMs { get; init; }

    public required string? EndsBy { get; init; }

    public required long PingEveryMs { get; init; }

    public static StatusAnswer Of(SessionEntry entry, in SessionStatus status, bool stillAsked) => new()
    {
        Session = entry.Id.ToString(),
        State = status.State == SessionState.TimedOut ? "timedOut" : "active",
        Countdown = status.Countdown is not null,
        CountdownMs = Milliseconds(status.Countdown),
        Extendable = status.IsExtendable,
        TimeoutInMs = Milliseconds(status.TimeoutIn),
        EndsInMs = Milliseconds(status.EndsIn),
        EndsBy = status.EndsBy?.ToString(),
        PingEveryMs = Milliseconds(stillAsked ? s_askAgain : status.PingEvery)!.Value,
    };

    /// <summary>Rounded up: a browser that waits that long asks after the moment, not before.</summary>
    private static long? Milliseconds(TimeSpan? duration) =>
        duration is { } value ? (value.Ticks / TimeSpan.TicksPerMillisecond) + (value.Ticks % TimeSpan.TicksPerMillisecond > 0 ? 1 : 0) : null;
}
