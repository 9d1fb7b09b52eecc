using SessionLifetime.Http.Endpoints;

namespace SessionLifetime;

/// <summary>
/// Says how long a request to the endpoint holds its session's clocks while it is in flight: a report that is computed for half an hour, a download.
/// While bytes of its body arrive it holds in any case. The same as <c>.WithRequestHold(...)</c>.
/// </summary>
/// <param name="seconds">How long, in seconds; positive. From the beginning, and from each piece of the body.</param>
/// <exception cref="ArgumentOutOfRangeException"><paramref name="seconds"/> is not positive, or more than <see cref="TimeSpan"/> holds.</exception>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class RequestHoldAttribute(double seconds) : Attribute, IRequestMark
{
    /// <summary>How long a request holds, in seconds.</summary>
    /// <value>Endpoints without this attribute: <see cref="SessionLifetimeOptions.MaxRequestHold"/>.</value>
    public double Seconds => Duration.TotalSeconds;

    internal TimeSpan Duration { get; } = seconds > 0 ? SpanOf(seconds) : throw new ArgumentOutOfRangeException(nameof(seconds), seconds, "It is not positive.");

    private static TimeSpan SpanOf(double seconds) => seconds < TimeSpan.MaxValue.TotalSeconds
        ? TimeSpan.FromSeconds(seconds)
        : throw new ArgumentOutOfRangeException(nameof(seconds), seconds, "It is too long.");
}
