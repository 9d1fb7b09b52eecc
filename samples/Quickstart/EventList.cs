using System.Diagnostics;

namespace Quickstart;

/// <summary>The last 10,000 events the server heard of its sessions.</summary>
public sealed class EventList(TimeProvider time)
{
    private const int Capacity = 10_000;

    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Queue<EventEntry> _entries = new();
    private readonly Lock _lock = new();

    public void Add(string name, SessionLifetime.TabSession session, string? reason = null, int? occurrence = null, bool? handled = null)
    {
        var idle = time.GetUtcNow() - session.LastActivity;
        lock (_lock)
        {
            if (_entries.Count == Capacity)
            {
                _entries.Dequeue();
            }

            var at = (long)Stopwatch.GetElapsedTime(_start).TotalMilliseconds;
            _entries.Enqueue(new(name, session.Id, reason, occurrence, handled, at, (long)idle.TotalMilliseconds));
        }
    }

    public EventEntry[] ToArray()
    {
        lock (_lock)
        {
            return [.. _entries];
        }
    }
}
