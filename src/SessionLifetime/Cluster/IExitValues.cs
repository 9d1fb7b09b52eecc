namespace SessionLifetime.Cluster;

/// <summary>Takes the values of a session that has ended, so that its exit handlers can read them.</summary>
internal interface IExitValues
{
    /// <summary>The values were read from the store.</summary>
    void Take(TabSession session, IReadOnlyList<StoredValue> values);
}
