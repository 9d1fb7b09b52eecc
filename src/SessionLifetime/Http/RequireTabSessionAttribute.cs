namespace SessionLifetime;

/// <summary>
/// Lets an endpoint be reached with a living session only; other requests get a problem that says why: 428 without an id, 404 for an
/// unknown one, 410 with the reason for an ended one, 403 for one that is refused. The same as <c>.RequireTabSession()</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class RequireTabSessionAttribute : Attribute;
