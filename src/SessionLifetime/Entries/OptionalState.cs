using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <summary>
/// What most sessions never have: a timeout that was raised, a self-destruct, timeouts of their own, a second secret, polls in flight.
/// Made with the first of them, and kept; an entry without any reads <see cref="None"/>. Guarded by its entry's gate.
/// </summary>
internal sealed class OptionalState
{
    /// <summary>The state of an entry that has none. Never written.</summary>
    public static readonly OptionalState None = new();

    public Moment IdleReset;
    public Moment LastArrival;
    public Moment RaisedAt;
    public TimeSpan RaisedTimeout;
    public Moment ArmedAt;
    public Moment SelfDestructAt = Moment.Never;
    public PageId ArmedBy;
    public TimeoutOverrides? Overrides;
    public Task? Answer;
    public int Occurrence;
    public uint RaiseNumber;
    public RotatedIds? Rotated;
    public IntrusiveStack<RequestHold> AliveHolds;

    /// <summary>Whether a snapshot has nothing of this: then none has to be made for it.</summary>
    public static bool IsNone(in SessionSnapshot next) =>
        next.IdleReset == Moment.Before
        && next.RaiseNumber == 0
        && next.SelfDestructAt.IsNever
        && next.Overrides is null;

    public void Read(ref SessionSnapshot seen)
    {
        seen.IdleReset = IdleReset;
        seen.LastArrival = LastArrival;
        seen.RaisedAt = RaisedAt;
        seen.RaisedTimeout = RaisedTimeout;
        seen.ArmedAt = ArmedAt;
        seen.SelfDestructAt = SelfDestructAt;
        seen.ArmedBy = ArmedBy;
        seen.Overrides = Overrides;
        seen.Occurrence = Occurrence;
        seen.RaiseNumber = RaiseNumber;
        seen.SignalHeldUntil = AliveHolds.First?.Until ?? Moment.Before;
    }

    /// <summary>Writes what was decided.</summary>
    /// <param name="next">The decision.</param>
    /// <param name="answer">Completes when the handlers of a raise that this decision begins have answered.</param>
    public void Write(in SessionSnapshot next, Task? answer)
    {
        IdleReset = next.IdleReset;
        LastArrival = next.LastArrival;
        RaisedAt = next.RaisedAt;
        RaisedTimeout = next.RaisedTimeout;
        ArmedAt = next.ArmedAt;
        SelfDestructAt = next.SelfDestructAt;
        ArmedBy = next.ArmedBy;
        Overrides = next.Overrides;
        Answer = next.Raising ? answer ?? Answer : null;
        Occurrence = next.Occurrence;
        RaiseNumber = next.RaiseNumber;
    }
}
