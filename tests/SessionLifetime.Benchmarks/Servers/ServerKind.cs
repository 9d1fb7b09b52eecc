namespace SessionLifetime.Benchmarks.Servers;

/// <summary>What stands before the endpoints of a server.</summary>
internal enum ServerKind
{
    /// <summary>Nothing.</summary>
    Plain,

    /// <summary>This library, with all its defaults.</summary>
    Ours,

    /// <summary>The framework's session over its memory cache, loaded by every request.</summary>
    Framework,
}
