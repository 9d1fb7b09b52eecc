using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace SessionLifetime.Tests.Fakes;

/// <summary>Keeps everything that is logged, at every level, so that a test can look for what must, or must not, be in it.</summary>
/// <remarks>
/// That of <c>Microsoft.Extensions.Diagnostics.Testing</c> (10.11) copies all lines under its lock whenever a test looks, while threads that
/// race wait to log; here nobody waits for a look.
/// </remarks>
public sealed class LogRecorder : ILoggerProvider
{
    public ConcurrentQueue<LogLine> Lines { get; } = new();

    public IEnumerable<LogLine> Errors => Lines.Where(line => line.Level >= LogLevel.Error);

    public ILogger CreateLogger(string categoryName) => new Recorder(this, categoryName);

    public void Dispose()
    {
    }

    public sealed record LogLine(LogLevel Level, string Category, EventId Id, string Text, Exception? Exception);

    private sealed class Recorder(LogRecorder owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            owner.Lines.Enqueue(new(logLevel, category, eventId, formatter(state, exception), exception));
    }
}
