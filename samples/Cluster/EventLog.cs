namespace Cluster;

/// <summary>What the nodes have told, the latest first.</summary>
internal sealed class EventLog(TimeProvider time)
{
    private readonly LinkedList<string> _lines = new();

    public void Add(string line)
    {
        lock (_lines)
        {
            _lines.AddFirst($"{time.GetLocalNow():HH:mm:ss} {line}");
            if (_lines.Count > 50)
            {
                _lines.RemoveLast();
            }
        }
    }

    public string[] Read()
    {
        lock (_lines)
        {
            return [.. _lines];
        }
    }
}
