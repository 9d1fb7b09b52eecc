using System.Runtime.InteropServices;
using SessionLifetime.Time;

namespace SessionLifetime.Policy;

/// <summary>
/// All that the clockwork knows of one session: read from its entry in one atomic step, judged by the policy, and written back in one
/// atomic step that fails when the session moved on meanwhile.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct SessionSnapshot
{
    public Moment StartedAt;

    /// <summary>When the user last did something.</summary>
    public Moment LastActivity;

    /// <summary>When the browser was last heard of.</summary>
    public Moment LastSignal;

    /// <summary>When the idle clock was last restarted without activity: by a handler that handled, or by a stretch.</summary>
    public Moment IdleReset;

    /// <summary>When <c>SessionTimeout</c> was last raised.</summary>
    public Moment RaisedAt;

    /// <summary>When the session destroys itself; never unless armed.</summary>
    public Moment SelfDestructAt;

    /// <summary>Until when requests in flight that count as activity hold the clocks, should none of them complete.</summary>
    public Moment ActivityHeldUntil;

    /// <summary>Until when requests in flight of any kind hold the signal clock, should none of them complete.</summary>
    public Moment SignalHeldUntil;

    /// <summary>The durations the session has of its own, or null.</summary>
    public TimeoutOverrides? Overrides;

    /// <summary>Whose it is; nobody's while nobody has told.</summary>
    public SessionOwner Owner;

    /// <summary>How often <c>SessionTimeout</c> was raised in this idle period.</summary>
    public int Occurrence;

    /// <summary>Numbers the raises over the whole life, so that a late verdict finds out it is late.</summary>
    public uint RaiseNumber;

    /// <summary>Counts the commits; with the two stamps it tells whether the session moved on.</summary>
    public uint Version;

    public SessionState State;

    /// <summary>The <c>SessionTimeout</c> handlers have not answered yet.</summary>
    public bool Raising;

    /// <summary>Completes when they have; what this process alone knows of the raise.</summary>
    public Task? Answer;

    /// <summary>The browser was heard of after the first answer.</summary>
    public bool Confirmed;

    public SessionEndReason EndReason;

    /// <summary>Whether a touch needs nothing but the two stamps: no countdown, no self-destruct, nothing to reset.</summary>
    public readonly bool IsPlain => State == SessionState.Active && Occurrence == 0 && Confirmed && SelfDestructAt.IsNever;
}
