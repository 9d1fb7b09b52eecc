namespace SessionLifetime;

/// <summary>
/// Says that a request to the endpoint stays open for as long as its session lives: a long poll, a stream of events. It is in flight, but no
/// activity of the user, and is aborted when the session ends. The same as <c>.EndWithSession()</c>.
/// </summary>
public sealed class EndWithSessionAttribute() : SessionSignalAttribute(SessionSignal.Alive);
