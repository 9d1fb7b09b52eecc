namespace SessionLifetime.Sessions;

/// <summary>What a dependency-injection scope was made for, as far as it was told.</summary>
internal enum ScopePlace
{
    /// <summary>A request, a page that is prerendered, or work of the app's own.</summary>
    Anything,

    /// <summary>A call of a hub.</summary>
    Hub,

    /// <summary>A circuit of Blazor Server.</summary>
    Circuit,
}
