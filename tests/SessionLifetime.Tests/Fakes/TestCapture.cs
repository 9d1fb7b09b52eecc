using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using SessionLifetime.Ids;
using SessionLifetime.Tests.Policy;

namespace SessionLifetime.Tests.Fakes;

/// <summary>
/// Writes down everything that a run of the tests logs, measures and traces, and every secret it hands out, where
/// <c>SESSIONLIFETIME_TESTS_CAPTURE</c> names a folder for it; then somebody can look whether one of the latter is among the former.
/// </summary>
internal static class TestCapture
{
    public const string Variable = "SESSIONLIFETIME_TESTS_CAPTURE";

    private static readonly string? s_folder = Environment.GetEnvironmentVariable(Variable);
    private static readonly TextWriter? s_told = Open("told.txt");
    private static readonly TextWriter? s_secrets = Open("secrets.txt");
    private static readonly MeterListener s_meters = new();

    public static bool IsOn => s_folder is not null;

    public static ILoggerProvider Logs() => new Provider();

    public static void Secret(string secret) => s_secrets?.WriteLine(secret);

    /// <summary>The first secret in a text; null when there is none.</summary>
    public static string? Find(string line, HashSet<string> secrets)
    {
        var lookup = secrets.GetAlternateLookup<ReadOnlySpan<char>>();
        var length = 0;
        for (var index = 0; index < line.Length; index++)
        {
            length = char.IsAsciiLetterOrDigit(line[index]) || line[index] is '-' or '_' ? length + 1 : 0;
            if (length >= SessionId.TextLength && lookup.TryGetValue(line.AsSpan(index + 1 - SessionId.TextLength, SessionId.TextLength), out var secret))
            {
                return secret;
            }
        }

        return null;
    }

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255:The 'ModuleInitializer' attribute should not be used in libraries", Justification = "A test project is a program.")]
    internal static void Listen()
    {
        if (!IsOn)
        {
            return;
        }

        ActivitySource.AddActivityListener(new ActivityListener
        {
            ShouldListenTo = static _ => true,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = static activity => Tell(
                "trace",
                activity.Source.Name,
                [
                    activity.OperationName, activity.DisplayName, activity.StatusDescription, activity.TraceStateString, .. Pairs(activity.TagObjects),
                    .. activity.Baggage.SelectMany(static pair => new[] { pair.Key, pair.Value }),
                    .. activity.Events.SelectMany(static happened => Pairs(happened.Tags).Prepend(happened.Name)),
                    .. activity.Links.SelectMany(static link => Pairs(link.Tags ?? [])),
                ]),
        });
        s_meters.InstrumentPublished = static (instrument, listener) => listener.EnableMeasurementEvents(instrument);
        Measure<byte>();
        Measure<short>();
        Measure<int>();
        Measure<long>();
        Measure<float>();
        Measure<double>();
        Measure<decimal>();
        s_meters.Start();
        AppDomain.CurrentDomain.ProcessExit += static (_, _) =>
        {
            s_meters.RecordObservableInstruments();
            s_told!.Flush();
            s_secrets!.Flush();
        };
    }

    private static TextWriter? Open(string name) =>
        s_folder is null ? null : TextWriter.Synchronized(new StreamWriter(Path.Combine(s_folder, name)));

    private static void Measure<T>()
        where T : struct => s_meters.SetMeasurementEventCallback<T>(static (instrument, value, tags, _) =>
            Tell("metric", instrument.Meter.Name + " " + instrument.Name, [value.ToString(), .. Pairs(tags.ToArray())]));

    private static IEnumerable<string?> Pairs(IEnumerable<KeyValuePair<string, object?>> pairs) => pairs.SelectMany(static pair => new[] { pair.Key, Text(pair.Value) });

    private static string? Text(object? value) => value switch
    {
        null => null,
        string text => text,
        System.Collections.IEnumerable many => string.Join(' ', many.Cast<object?>().Select(Text)),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    private static void Tell(string kind, string source, IEnumerable<string?> parts) => s_told!.WriteLine(kind + " " + source + " | " + string.Join(" | ", parts));

    private sealed class Provider : ILoggerProvider, ISupportExternalScope
    {
        private IExternalScopeProvider? _scopes;

        public ILogger CreateLogger(string categoryName) => new Writer(this, categoryName);

        public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

        public void Dispose()
        {
        }

        private sealed class Writer(Provider owner, string category) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
                var parts = new List<string?> { logLevel.ToString(), eventId.Name, formatter(state, exception), Values(state), exception?.ToString() };
                owner._scopes?.ForEachScope(static (scope, list) => list.AddRange([scope?.ToString(), Values(scope)]), parts);
                Tell("log", category, parts);
            }

            private static string? Values(object? state) =>
                state is IEnumerable<KeyValuePair<string, object?>> pairs ? string.Join(' ', Pairs(pairs)) : state?.ToString();
        }
    }
}
