namespace SessionLifetime.Realtime;

/// <summary>The session behind a <see cref="SessionWebSocket"/>, which counts what the socket receives.</summary>
internal interface ISocketMessages
{
    /// <summary>Counts a message; at once where no rule is due. False when the session has ended.</summary>
    ValueTask<bool> CountAsync();

    /// <summary>The socket is closed. A second call does nothing.</summary>
    void Leave();
}
