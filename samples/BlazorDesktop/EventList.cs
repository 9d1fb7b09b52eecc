namespace BlazorDesktop;

/// <summary>What happened on the server lately; every tab sees all of it.</summary>
public sealed class EventList(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Entry> _entries = new();

    /// <summary>Something was added.</summary>
    public event Action? Changed;

    public IReadOnlyList<Entry> Latest
    {
        get
        {
            lock (_lock)
            {
                return [.. _entries];
            }
        }
    }

    public void Add(string session, string what)
    {
        lock (_lock)
        {
            _entries.AddFirst(new Entry(time.GetLocalNow(), session, what));
            if (_entries.Count > 12)
            {
                _entries.RemoveLast();
            }
        }

        Changed?.Invoke();
    }

    public sealed record Entry(DateTimeOffset At, string Session, string What);
}
