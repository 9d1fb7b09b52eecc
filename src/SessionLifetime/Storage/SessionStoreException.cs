namespace SessionLifetime;

/// <summary>The store of the sessions can be reached and cannot be used: missing rights, a foreign or newer schema, a server that is too old.</summary>
/// <param name="message">One sentence that names the cause and the cure.</param>
/// <param name="innerException">What the store's driver threw; null for none.</param>
public sealed class SessionStoreException(string message, Exception? innerException = null) : Exception(message, innerException);
