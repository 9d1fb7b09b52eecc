namespace SessionLifetime;

/// <summary>Keeps sessions away from an endpoint: no session is looked up, none is touched. The same as <c>.DisableTabSession()</c>.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class DisableTabSessionAttribute : Attribute;
