using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace SessionLifetime.Browser.Tests;

/// <summary>Hears all that a server logs (down to Trace, scopes and values included), measures and traces.</summary>
internal sealed class Witness : ILoggerProvider, ISupportExternalScope
{
    private readonly ConcurrentQueue<string> _heard = new();
    private readonly ActivityListener _traces;
    private readonly MeterListener _meters = new();
    private IExternalScopeProvider? _scopes;

    public Witness()
    {
        _traces = new ActivityListener
        {
            ShouldListenTo = static _ => true,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => Hear("trace", [activity.DisplayName, activity.OperationName, .. Texts(activity.TagObjects), .. activity.Events.SelectMany(one => Texts(one.Tags))]),
        };
        ActivitySource.AddActivityListener(_traces);
        _meters.InstrumentPublished = static (instrument, listener) => listener.EnableMeasurementEvents(instrument);
        _meters.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Hear("metric", [instrument.Name, .. Texts(tags.ToArray())]));
        _meters.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Hear("metric", [instrument.Name, .. Texts(tags.ToArray())]));
        _meters.Start();
    }

    /// <summary>The secrets that were handed out, or came.</summary>
    public ConcurrentDictionary<string, bool> Secrets { get; } = new();

    public int Count(string kind) => _heard.Count(line => line.StartsWith(kind, StringComparison.Ordinal));

    /// <summary>Fails when a secret is in anything that was heard, or too little was.</summary>
    public void AssertDiscreet()
    {
        Assert.NotEmpty(Secrets);
        Assert.True(Count("log") > 50 && Count("metric") > 10 && Count("trace") > 3, $"Heard too little: {Count("log")} logged, {Count("metric")} measured, {Count("trace")} traced.");
        var told = _heard.Where(line => Secrets.Keys.Any(secret => line.Contains(secret, StringComparison.Ordinal))).Take(5).ToList();
        Assert.True(told.Count == 0, string.Join('\n', told));
    }

    public ILogger CreateLogger(string categoryName) => new Writer(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    public void Dispose()
    {
        _traces.Dispose();
        _meters.Dispose();
    }

    private static IEnumerable<string?> Texts(IEnumerable<KeyValuePair<string, object?>> pairs) => pairs.Select(pair => pair.Key + "=" + pair.Value);

    private void Hear(string kind, IEnumerable<string?> texts) => _heard.Enqueue(kind + " " + string.Join(" | ", texts));

    private sealed class Writer(Witness owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var texts = new List<string?> { category, formatter(state, exception), exception?.ToString() };
            texts.AddRange(state is IEnumerable<KeyValuePair<string, object?>> pairs ? Texts(pairs) : []);
            owner._scopes?.ForEachScope(static (scope, list) => list.AddRange(scope is IEnumerable<KeyValuePair<string, object?>> pairs ? Texts(pairs) : [scope?.ToString()]), texts);
            owner.Hear("log", texts);
        }
    }
}
