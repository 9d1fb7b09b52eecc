namespace SessionLifetime.Sessions;

/// <summary>Values of a session as one piece of work sees them: a request, or the handlers of an exit. Read before it begins.</summary>
internal interface ISessionValues
{
    /// <summary>The value of a key as it was read, and its version; null and 0 where there is none.</summary>
    (byte[]? Data, long Version) Read(string key);

    /// <summary>The typed state of a key; made once.</summary>
    object State(string key, Func<byte[]?, object> make, Func<object, byte[]> write, Func<byte[], object, object>? merge);
}
