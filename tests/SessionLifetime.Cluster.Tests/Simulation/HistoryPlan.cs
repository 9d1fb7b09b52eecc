namespace SessionLifetime.Cluster.Tests.Simulation;

/// <summary>What is drawn from the seed before a history begins.</summary>
internal sealed class HistoryPlan
{
    public static readonly TimeSpan Flush = TimeSpan.FromSeconds(1);

    private readonly int _seed;

    /// <summary>The sessions in the order in which they were first heard of: their ids are random, and a history repeats all the same.</summary>
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);

    public HistoryPlan(int seed, bool isCalm)
    {
        _seed = seed;
        IsCalm = isCalm;
        var random = new Random(seed ^ 0x5EED);
        Nodes = random.Next(2, 6);
        Sessions = random.Next(1, 7);
        Timeout = TimeSpan.FromMilliseconds(random.Next(8_000, 40_000));
        Countdown = TimeSpan.FromMilliseconds(random.Next(6_000, 20_000));
        Signal = TimeSpan.FromMilliseconds(random.Next(12_000, 70_000));
        Absolute = random.Next(4) == 0 ? TimeSpan.FromMilliseconds(random.Next(40_000, 120_000)) : null;
        if (random.Next(5) == 0)
        {
            // Far from every deadline: what others have ended is known by news alone.
            (Timeout, Signal) = (TimeSpan.FromSeconds(random.Next(60, 120)), TimeSpan.FromSeconds(random.Next(130, 250)));
        }

        Length = TimeSpan.FromSeconds(random.Next(60, 140));
    }

    public bool IsCalm { get; }

    public int Nodes { get; }

    public int Sessions { get; }

    public TimeSpan Timeout { get; }

    public TimeSpan Countdown { get; }

    public TimeSpan Signal { get; }

    public TimeSpan? Absolute { get; }

    public TimeSpan Length { get; }

    public void Configure(SessionLifetimeOptions options)
    {
        options.SessionTimeout = Timeout;
        options.CountdownDuration = Countdown;
        options.SignalTimeout = Signal;
        options.AbsoluteTimeout = Absolute;
        options.SweepInterval = TimeSpan.FromSeconds(5);
        options.EndedSessionRetention = TimeSpan.FromHours(1);
    }

    public bool Handles(string id, int occurrence) => (NumberOf(id) + (occurrence * 7) + _seed) % 5 == 0;

    public TimeSpan HandlerTime(string id, int occurrence) => TimeSpan.FromMilliseconds((NumberOf(id) + occurrence + _seed) % 4 == 0 ? 900 : 5);

    public override string ToString() => $"{Nodes} nodes, {Sessions} sessions, T {Timeout}, C {Countdown}, S {Signal}, A {Absolute}, {Length}";

    private int NumberOf(string id)
    {
        if (!_numbers.TryGetValue(id, out var number))
        {
            _numbers.Add(id, number = _numbers.Count + 1);
        }

        return number;
    }
}
