using System.Text.Json.Serialization;
using SessionLifetime.Entries;
using SessionLifetime.Policy;

namespace SessionLifetime.Http.Answers;

/// <summary>The status of a session on the wire; with <see cref="Outcome"/>, the answer to an attach.</summary>
internal sealed record StatusAnswer
{
    /// <summary>How soon the browser asks again while timeout handlers run.</summary>
    private static readonly TimeSpan s_askAgain = TimeSpan.FromSeconds(1);

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Outcome { get; init; }

    /// <summary>The secret id; null in answers that do not carry it.</summary>
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

    /// <summary>Rounded up, so that a browser that waits that long does not ask too early.</summary>
    private static long? Milliseconds(TimeSpan? duration) =>
        duration is { } value ? (value.Ticks / TimeSpan.TicksPerMillisecond) + (value.Ticks % TimeSpan.TicksPerMillisecond > 0 ? 1 : 0) : null;
}
