using SessionLifetime.Entries;

namespace SessionLifetime.Directories;

/// <summary>By what a table finds sessions, and where each of them keeps the number of the next in its chain; 0 at its end.</summary>
internal interface ISessionLink<TKey>
{
    static abstract TKey KeyOf(SessionEntry entry);

    static abstract bool Is(SessionEntry entry, TKey key);

    /// <summary>64 bits nobody outside can choose for a session.</summary>
    static abstract ulong HashOf(TKey key);

    static abstract ref int Next(SessionEntry entry);
}
