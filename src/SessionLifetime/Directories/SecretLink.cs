using SessionLifetime.Entries;
using SessionLifetime.Ids;

namespace SessionLifetime.Directories;

/// <summary>By the secret a session started with.</summary>
internal readonly struct SecretLink : ISessionLink<SessionId>
{
    public static SessionId KeyOf(SessionEntry entry) => entry.Secret;

    public static bool Is(SessionEntry entry, SessionId key) => entry.Secret == key;

    public static ulong HashOf(SessionId key) => key.Low;

    public static ref int Next(SessionEntry entry) => ref entry.NextBySecret;
}
