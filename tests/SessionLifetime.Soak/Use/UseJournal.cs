using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace SessionLifetime.Soak.Use;

/// <summary>What happened, with moments, and what broke a promise. Thread-safe.</summary>
/// <param name="folder">Where it is written, and again what came before a violation.</param>
internal sealed class UseJournal(string folder) : IDisposable
{
    private const int Kept = 1000;

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly TextWriter _file = TextWriter.Synchronized(new StreamWriter(Path.Combine(folder, "journal.log")) { AutoFlush = true });
    private readonly ConcurrentDictionary<string, int> _counts = new();
    private int _violations;

    /// <summary>Seconds since the start.</summary>
    public double Now => _clock.Elapsed.TotalSeconds;

    public int Violations => _violations;

    public void Write(string line)
    {
        var whole = string.Create(CultureInfo.InvariantCulture, $"{Now,9:0.000} {line}");
        _file.WriteLine(whole);
        _lines.Enqueue(whole);
        while (_lines.Count > Kept)
        {
            _lines.TryDequeue(out _);
        }
    }

    /// <summary>Counts something by its kind.</summary>
    public void Count(string kind) => _counts.AddOrUpdate(kind, 1, static (_, count) => count + 1);

    /// <summary>Notes what broke a promise, and keeps what happened before it.</summary>
    public void Violation(string what)
    {
        Write("VIOLATION " + what);
        var path = Path.Combine(folder, $"violation-{Interlocked.Increment(ref _violations)}.log");
        File.WriteAllLines(path, _lines);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Now,9:0.0} VIOLATION {what}\n          {path}"));
    }

    public void Dispose() => _file.Dispose();

    /// <summary>The counts, by kind.</summary>
    public string Summary() => string.Join(", ", _counts.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => $"{pair.Key} {pair.Value}"));
}
