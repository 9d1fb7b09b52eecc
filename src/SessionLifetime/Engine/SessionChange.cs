using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Engine;

/// <summary>Changes a session that has been looked at and lives. False leaves it as it is.</summary>
/// <param name="next">What was seen, to be made what shall be.</param>
/// <param name="timings">The durations in force.</param>
/// <param name="now">The moment of the look.</param>
/// <param name="argument">What the change needs to know.</param>
internal delegate bool SessionChange<in TArgument>(ref SessionSnapshot next, SessionTimings timings, Moment now, TArgument argument);
