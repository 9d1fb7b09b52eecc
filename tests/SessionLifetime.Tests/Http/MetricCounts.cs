using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime.Tests.Http;

/// <summary>What the library's meter has told of one app, by instrument and tags.</summary>
/// <remarks>
/// The collectors of <c>Microsoft.Extensions.Diagnostics.Testing</c> (10.11) are each of one instrument that is known by name; this hears also
/// of instruments that a test does not name.
/// </remarks>
internal sealed class MetricCounts : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, long> _sums = new(StringComparer.Ordinal);

    public MetricCounts(SessionApp app)
    {
        var factory = app.App.Services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "SessionLifetime" && ReferenceEquals(instrument.Meter.Scope, factory))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            _sums.AddOrUpdate(Name(instrument, tags), value, (_, sum) => instrument.IsObservable ? value : sum + value));
        _listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) =>
            _sums.AddOrUpdate(Name(instrument, tags), 1, static (_, sum) => sum + 1));
        _listener.Start();
    }

    public IEnumerable<string> Names => _sums.Keys;

    public long this[string name] => _sums.GetValueOrDefault(name);

    public long Observe(string name)
    {
        _listener.RecordObservableInstruments();
        return this[name];
    }

    public void Dispose() => _listener.Dispose();

    private static string Name(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var name = instrument.Name;
        foreach (var (key, value) in tags)
        {
            name += $" {key}={value}";
        }

        return name;
    }
}
