namespace SessionLifetime.Diagnostics;

/// <summary>What the health check says of the store of the sessions, where there is one.</summary>
internal interface IStoreHealth
{
    /// <summary>What is wrong, for people; null for nothing.</summary>
    /// <param name="isReady">Whether the process can serve sessions all the same.</param>
    string? Describe(out bool isReady);
}
