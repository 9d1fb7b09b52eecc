using System.Runtime.InteropServices;
using SessionLifetime.Time;

namespace SessionLifetime.Policy;

/// <summary>What one step of the clockwork applied, and so what is to be raised once it is committed.</summary>
/// <param name="Kind">What was applied.</param>
/// <param name="At">The moment of the rule; not that of the look.</param>
/// <param name="CountsTimeout">Whether the session timed out in this step.</param>
/// <param name="OwesTimeout">Whether a <c>SessionTimeout</c> is to be raised before the <c>ApplicationExit</c>.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ClockStep(ClockStepKind Kind, Moment At = default, bool CountsTimeout = false, bool OwesTimeout = false);
