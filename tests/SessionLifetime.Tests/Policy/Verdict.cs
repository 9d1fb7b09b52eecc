using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Tests.Policy;

/// <summary>What a step of the clockwork applied, as a value to compare.</summary>
internal readonly record struct Verdict(ClockStepKind Kind, SessionEndReason Reason, Moment At)
{
    public static Verdict Lives => new(ClockStepKind.Nothing, default, default);

    public static Verdict TimesOut(Moment at) => new(ClockStepKind.TimesOut, default, at);

    public static Verdict Ends(SessionEndReason reason, Moment at) => new(ClockStepKind.Ends, reason, at);

    public static Verdict Waits(SessionEndReason reason, Moment at) => new(ClockStepKind.Waits, reason, at);
}
