namespace SessionLifetime.Soak.Chaos;

/// <summary>What the client calls.</summary>
internal enum CallKind
{
    /// <summary>A page joins.</summary>
    Attach,

    /// <summary>A request of the app.</summary>
    Touch,

    /// <summary>The status is read.</summary>
    Status,

    /// <summary>The session is to end.</summary>
    Exit,
}
