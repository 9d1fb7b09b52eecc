using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <summary>
/// What most sessions never have: a timeout that was raised, a self-destruct, timeouts of their own, a second secret, polls in flight.
/// Made with the first of them, and kept; whoever has none of it reads <see cref="None"/>. Its entry's, and guarded as that is.
/// </summary>
internal sealed class OptionalState
{
    /// <summary>Nothing rare. Never written.</summary>
    public static readonly OptionalState None = new();

    public Moment IdleReset;
    public Moment RaisedAt;
    public Moment SelfDestructAt = Moment.Never;
    public TimeoutOverrides? Overrides;
    public Task? Answer;
    public int Occurrence;
    public uint RaiseNumber;
    public RotatedIds? Rotated;
    public RequestHolds AliveHolds;

    /// <summary>Whether a snapshot has nothing of this: then none has to be made for it.</summary>
    public static bool IsNone(in SessionSnapshot next) =>
        next.IdleReset == Moment.Before
        && next.RaiseNumber == 0
        && next.SelfDestructAt.IsNever
        && next.Overrides is null;

    public void Read(ref SessionSnapshot seen)
    {
        seen.IdleReset = IdleReset;
        seen.RaisedAt = RaisedAt;
        seen.SelfDestructAt = SelfDestructAt;
        seen.Overrides = Overrides;
        seen.Answer = Answer;
        seen.Occurrence = Occurrence;
        seen.RaiseNumber = RaiseNumber;
        seen.SignalHeldUntil = AliveHolds.Until;
    }

    public void Write(in SessionSnapshot next)
    {
        IdleReset = next.IdleReset;
        RaisedAt = next.RaisedAt;
        SelfDestructAt = next.SelfDestructAt;
        Overrides = next.Overrides;
        Answer = next.Raising ? next.Answer : null;
        Occurrence = next.Occurrence;
        RaiseNumber = next.RaiseNumber;
    }
}
