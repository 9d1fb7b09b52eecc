namespace SessionLifetime;

/// <summary>
/// Another request of the same session has changed the same state since this one read it, and the app gave no merge. Let such requests come one after the
/// other, by <c>SerializePerSession()</c>, or give <c>AddSessionState</c> a merge.
/// </summary>
/// <param name="state">The name of the state.</param>
public sealed class SessionStateConflictException(string state) : Exception(
    $"The session's state '{state}' was changed by another request since this one read it, and nothing of this request's change was kept. "
    + "Put SerializePerSession() on the endpoints that change it, so that they come one after the other, or give AddSessionState a merge.");
