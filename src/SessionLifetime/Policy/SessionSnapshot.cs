using System.Runtime.InteropServices;
using SessionLifetime.Ids;
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

    /// <summary>When the latest signal arrived that a browser or its user sent: no detach, and no completion of a request.</summary>
    public Moment LastArrival;

    /// <summary>When <c>SessionTimeout</c> was last raised.</summary>
    public Moment RaisedAt;

    /// <summary>T at that raise.</summary>
    public TimeSpan RaisedTimeout;

    /// <summary>When the self-destruct was armed last.</summary>
    public Moment ArmedAt;

    /// <summary>When the session destroys itself; never unless armed.</summary>
    public Moment SelfDestructAt;

    /// <summary>The page whose detach has armed that; none where the app did.</summary>
    public PageId ArmedBy;

    /// <summary>Until when requests in flight that count as activity hold the clocks, should none of them complete.</summary>
    public Moment ActivityHeldUntil;

    /// <summary>Until when requests in flight of any kind hold the signal clock, should none of them complete.</summary>
    public Moment SignalHeldUntil;

    /// <summary>The durations the session has of its own, or null.</summary>
    public TimeoutOverrides? Overrides;

    /// <summary>How long the process did not run since the session started. Rule 2 counts that time, the others do not.</summary>
    public TimeSpan NotRunning;

    /// <summary>The browser and the user it belongs to; none while no request has named one.</summary>
    public SessionOwner Owner;

    /// <summary>How often <c>SessionTimeout</c> was raised in this idle period.</summary>
    public int Occurrence;

    /// <summary>Numbers the raises over the whole life; 0 before the first. A late answer of handlers finds by it that it is late.</summary>
    public uint RaiseNumber;

    /// <summary>Counts the commits; with the two stamps it tells whether the session moved on.</summary>
    public uint Version;

    public SessionState State;

    /// <summary>The <c>SessionTimeout</c> handlers have not answered yet.</summary>
    public bool Raising;

    /// <summary>The browser was heard of after the first answer.</summary>
    public bool Confirmed;

    public SessionEndReason EndReason;

    /// <summary>Whether a touch needs nothing but the two stamps: no countdown, no self-destruct, nothing to reset.</summary>
    public readonly bool IsPlain => State == SessionState.Active && Occurrence == 0 && Confirmed && SelfDestructAt.IsNever;
}
