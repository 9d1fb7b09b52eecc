namespace SessionLifetime;

/// <summary>
/// The store of the sessions does not answer, and what was asked for has to be read from it or written to it. Over HTTP this is 503 with
/// <c>Retry-After</c>; the session is as it was.
/// </summary>
/// <param name="message">What could not be done.</param>
/// <param name="innerException">What the store's driver threw; null where it did not answer in time.</param>
public sealed class SessionStoreUnavailableException(string message, Exception? innerException = null) : Exception(message, innerException);
