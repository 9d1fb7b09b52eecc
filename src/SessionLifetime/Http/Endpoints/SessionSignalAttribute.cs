using SessionLifetime.Http.Endpoints;

namespace SessionLifetime;

/// <summary>Says what requests to an endpoint tell of the user. The same as <c>.WithSessionSignal(...)</c>.</summary>
/// <param name="signal">What they tell.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public class SessionSignalAttribute(SessionSignal signal) : Attribute, IRequestMark
{
    /// <summary>What they tell.</summary>
    /// <value>Endpoints without this attribute count as <see cref="SessionSignal.Activity"/>.</value>
    public SessionSignal Signal { get; } = signal;
}
