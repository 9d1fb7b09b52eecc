namespace SessionLifetime.Entries;

/// <summary>The public object of a session entry, as far as the entry knows it.</summary>
internal interface IEntryObserver
{
    /// <summary>The session has ended, and the last request that used it has completed.</summary>
    void OnLastRequestLeft();

    /// <summary>Whether something of this process belongs to the session: what it owns, or connections.</summary>
    bool HoldsLive { get; }
}
