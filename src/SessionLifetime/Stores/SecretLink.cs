namespace SessionLifetime;

/// <summary>By the secret a session started with.</summary>
internal readonly struct SecretLink : ISessionLink<SessionId>
{
    public static SessionId KeyOf(SessionCell cell) => cell.Secret;

    public static bool Is(SessionCell cell, SessionId key) => cell.Secret == key;

    public static ulong HashOf(SessionId key) => key.Low;

    public static ref SessionCell? Next(SessionCell cell) => ref cell.NextBySecret;
}
