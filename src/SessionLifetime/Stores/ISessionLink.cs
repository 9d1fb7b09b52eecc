namespace SessionLifetime;

/// <summary>By what a table finds sessions, and where each of them keeps the link to the next.</summary>
internal interface ISessionLink<TKey>
{
    static abstract TKey KeyOf(SessionCell cell);

    static abstract bool Is(SessionCell cell, TKey key);

    /// <summary>64 bits nobody outside can choose for a session.</summary>
    static abstract ulong HashOf(TKey key);

    static abstract ref SessionCell? Next(SessionCell cell);
}
