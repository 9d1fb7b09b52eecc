namespace SessionLifetime;

/// <summary>By what a table finds sessions, and where each of them keeps the number of the next in its chain; 0 at its end.</summary>
internal interface ISessionLink<TKey>
{
    static abstract TKey KeyOf(SessionCell cell);

    static abstract bool Is(SessionCell cell, TKey key);

    /// <summary>64 bits nobody outside can choose for a session.</summary>
    static abstract ulong HashOf(TKey key);

    static abstract ref int Next(SessionCell cell);
}
