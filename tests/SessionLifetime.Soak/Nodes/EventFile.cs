using System.Text;

namespace SessionLifetime.Soak.Nodes;

/// <summary>A file that handlers append to: a line is there once it is written, also where the process is killed then.</summary>
internal sealed class EventFile(string path) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly FileStream _file = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

    public void Write(EventLine line)
    {
        var bytes = Encoding.ASCII.GetBytes($"{line}\n");
        lock (_lock)
        {
            _file.Write(bytes);
        }
    }

    public void Dispose() => _file.Dispose();
}
