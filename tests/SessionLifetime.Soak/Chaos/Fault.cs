namespace SessionLifetime.Soak.Chaos;

/// <summary>Something that was done to the cluster.</summary>
/// <param name="Kind">What.</param>
/// <param name="From">From when.</param>
/// <param name="To">Until when.</param>
/// <param name="Node">The run of the node that it happened to; empty where it was not one.</param>
internal sealed record Fault(FaultKind Kind, double From, double To, string Node)
{
    /// <summary>Whether no node reached the store meanwhile, so that nothing comes due.</summary>
    public bool IsOfAll => Kind is FaultKind.Downtime or FaultKind.StorePaused or FaultKind.StoreStopped;
}
