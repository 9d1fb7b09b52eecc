using SessionLifetime.Time;

namespace SessionLifetime.Policy;

/// <summary>What the clockwork says of one session at one moment.</summary>
internal readonly record struct Verdict(VerdictKind Kind, SessionEndReason Reason = default, Moment At = default)
{
    public static Verdict Lives => new(VerdictKind.Lives);

    public static Verdict TimesOut(Moment at) => new(VerdictKind.TimesOut, At: at);

    public static Verdict Ends(SessionEndReason reason, Moment at) => new(VerdictKind.Ends, reason, at);

    public static Verdict Waits(SessionEndReason reason, Moment at) => new(VerdictKind.Waits, reason, at);
}
