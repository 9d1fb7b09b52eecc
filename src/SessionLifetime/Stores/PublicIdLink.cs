namespace SessionLifetime;

/// <summary>By its public id.</summary>
internal readonly struct PublicIdLink : ISessionLink<PublicId>
{
    public static PublicId KeyOf(SessionCell cell) => cell.Id;

    public static bool Is(SessionCell cell, PublicId key) => cell.Id == key;

    public static ulong HashOf(PublicId key) => key.Value;

    public static ref SessionCell? Next(SessionCell cell) => ref cell.NextById;
}
