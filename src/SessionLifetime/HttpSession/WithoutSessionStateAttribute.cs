using SessionLifetime.Http.Endpoints;

namespace SessionLifetime;

/// <summary>
/// Says that the endpoint uses neither <c>HttpContext.Session</c> nor state of <c>AddSessionState</c>: where sessions are in a store, their values are not read
/// for it. The same as <c>.WithoutSessionState()</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class WithoutSessionStateAttribute : Attribute, IRequestMark;
