using System.Diagnostics.Metrics;

namespace SessionLifetime.Diagnostics;

/// <summary>The meter <c>SessionLifetime</c>: how many sessions live, how they start and end, what the sweep and the handlers cost.</summary>
internal sealed class SessionMetrics
{
    public const string MeterName = "SessionLifetime";

    private readonly Counter<long> _started;
    private readonly Counter<long> _ended;
    private readonly Counter<long> _timeouts;
    private readonly Counter<long> _handled;
    private readonly Counter<long> _signals;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _unbound;
    private readonly Counter<long> _handlerFailures;
    private readonly Histogram<double> _handlerDuration;
    private readonly Histogram<double> _sweepDuration;
    private readonly Histogram<double> _sweepLag;

    public SessionMetrics(IMeterFactory factory, Func<long> countActive)
    {
        var meter = factory.Create(MeterName);
        meter.CreateObservableUpDownCounter("sessionlifetime.sessions.active", countActive, "{session}", "Sessions that live.");
        _started = meter.CreateCounter<long>("sessionlifetime.sessions.started", "{session}", "Sessions that started.");
        _ended = meter.CreateCounter<long>("sessionlifetime.sessions.ended", "{session}", "Sessions that ended, by reason.");
        _timeouts = meter.CreateCounter<long>("sessionlifetime.timeouts.raised", "{timeout}", "SessionTimeout events raised.");
        _handled = meter.CreateCounter<long>("sessionlifetime.timeouts.handled", "{timeout}", "SessionTimeout events that were handled.");
        _signals = meter.CreateCounter<long>("sessionlifetime.signals", "{signal}", "Signals of browsers, by kind.");
        _refused = meter.CreateCounter<long>("sessionlifetime.refused", "{request}", "Requests and sessions refused, by cause.");
        _unbound = meter.CreateCounter<long>("sessionlifetime.requests.unbound", "{request}", "Requests without a browser key to sessions bound to none.");
        _handlerFailures = meter.CreateCounter<long>("sessionlifetime.handlers.failed", "{call}", "Handler calls that threw or were abandoned.");
        _handlerDuration = meter.CreateHistogram<double>("sessionlifetime.handlers.duration", "s", "How long handler calls take.");
        _sweepDuration = meter.CreateHistogram<double>("sessionlifetime.sweep.duration", "s", "How long a sweep takes.");
        _sweepLag = meter.CreateHistogram<double>("sessionlifetime.sweep.lag", "s", "How late the sweep found what was due.");
    }

    public void SessionStarted() => _started.Add(1);

    public void SessionEnded(SessionEndReason reason)
    {
        if (_ended.Enabled)
        {
            _ended.Add(1, new KeyValuePair<string, object?>("reason", reason.ToString()));
        }
    }

    public void TimeoutRaised() => _timeouts.Add(1);

    public void TimeoutHandled() => _handled.Add(1);

    /// <param name="kind">One of a few fixed words.</param>
    public void SignalCounted(string kind)
    {
        if (_signals.Enabled)
        {
            _signals.Add(1, new KeyValuePair<string, object?>("kind", kind));
        }
    }

    /// <summary>A request came without the key of a browser to a session that belongs to none.</summary>
    public void ServedUnbound() => _unbound.Add(1);

    /// <param name="cause">One of a few fixed words.</param>
    public void Refused(string cause)
    {
        if (_refused.Enabled)
        {
            _refused.Add(1, new KeyValuePair<string, object?>("cause", cause));
        }
    }

    public void HandlerFailed(string cause)
    {
        if (_handlerFailures.Enabled)
        {
            _handlerFailures.Add(1, new KeyValuePair<string, object?>("cause", cause));
        }
    }

    /// <summary>Whether anybody hears of <see cref="HandlerRan"/>.</summary>
    public bool TimesHandlers => _handlerDuration.Enabled;

    public void HandlerRan(string kind, TimeSpan duration) =>
        _handlerDuration.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("event", kind));

    public void Swept(TimeSpan duration) => _sweepDuration.Record(duration.TotalSeconds);

    public void FoundDue(TimeSpan lag)
    {
        if (_sweepLag.Enabled)
        {
            _sweepLag.Record(lag.TotalSeconds);
        }
    }
}
