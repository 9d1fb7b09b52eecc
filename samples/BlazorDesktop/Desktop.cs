namespace BlazorDesktop;

/// <summary>What one tab works on: it lives as long as its session, over refreshes and reconnects, and is disposed with it.</summary>
public sealed class Desktop(EventList events, SessionLifetime.ITabSessionAccessor accessor) : IDisposable
{
    private static int s_last;

    private readonly string _session = accessor.Session!.Id;

    /// <summary>Numbers the instances: a refresh shows the same, another tab another.</summary>
    public int Number { get; } = Interlocked.Increment(ref s_last);

    public int Count { get; set; }

    public string Customer { get; set; } = "";

    public string Size { get; set; } = "Medium";

    public string Document { get; set; } = "";

    public void Dispose() => events.Add(_session, $"Desktop No. {Number} disposed");
}
