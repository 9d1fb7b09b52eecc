namespace SessionLifetime.Cluster.Tests.Simulation;

/// <summary>What happened in histories.</summary>
internal readonly record struct HistoryCounts(long Requests, long FromMemory, long Raises, long Ends, long Deliveries, long Repeats, long Faults)
{
    public static HistoryCounts operator +(HistoryCounts a, HistoryCounts b) => new(
        a.Requests + b.Requests,
        a.FromMemory + b.FromMemory,
        a.Raises + b.Raises,
        a.Ends + b.Ends,
        a.Deliveries + b.Deliveries,
        a.Repeats + b.Repeats,
        a.Faults + b.Faults);

    public override string ToString() =>
        $"{Requests} requests, {FromMemory} answered at once, {Raises} raises, {Ends} ends, {Deliveries} deliveries, {Repeats} of them repeated, {Faults} faults";
}
