using SessionLifetime.Entries;
using SessionLifetime.Ids;

namespace SessionLifetime.Directories;

/// <summary>By its public id.</summary>
internal readonly struct PublicIdLink : ISessionLink<PublicId>
{
    public static PublicId KeyOf(SessionEntry entry) => entry.Id;

    public static bool Is(SessionEntry entry, PublicId key) => entry.Id == key;

    public static ulong HashOf(PublicId key) => key.Value;

    public static ref int Next(SessionEntry entry) => ref entry.NextById;
}
