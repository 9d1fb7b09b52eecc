using Microsoft.Extensions.Logging;

namespace SessionLifetime.Soak.Nodes;

/// <summary>Writes down when a node finds that its store is away, and that it is back: what it logs of it.</summary>
internal sealed class StoreWatch(EventFile events, string node) : ILoggerProvider, ILogger
{
    private const int Away = 80;
    private const int Back = 81;

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (eventId.Id is Away or Back)
        {
            events.Write(new(Clock.Now, node, "-", eventId.Id == Away ? EventLine.StoreAway : EventLine.StoreBack, "-", 0));
        }
    }

    public void Dispose()
    {
    }
}
