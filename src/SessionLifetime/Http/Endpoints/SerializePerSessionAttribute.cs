namespace SessionLifetime;

/// <summary>
/// Lets requests of one session run one at a time, in the order in which they came. The same as <c>.SerializePerSession(...)</c>.
/// </summary>
/// <remarks>
/// All endpoints that are marked share the session's one queue; others, pings and status reads never wait, and requests without a session
/// are not held up. A request counts as a signal when it comes, and holds the clocks while it waits. It is answered 503 with
/// <c>Retry-After</c> when its time is up, or at once when 100 wait already; as a request of an ended session when that ends meanwhile. An
/// upgraded connection keeps its turn until it closes.
/// </remarks>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class SerializePerSessionAttribute : Attribute
{
    private const double SecondsOfADay = 86_400;

    /// <summary>How long a request waits for its turn, in seconds. Time in which the process did not run does not count.</summary>
    /// <value>30. Positive, at most 86,400.</value>
    /// <exception cref="ArgumentOutOfRangeException">The value is not within that.</exception>
    public double TimeoutSeconds
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, SecondsOfADay);
            field = value;
        }
    } = 30;

    internal TimeSpan Timeout => TimeSpan.FromSeconds(TimeoutSeconds);
}
