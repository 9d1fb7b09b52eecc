namespace SessionLifetime.Policy;

/// <summary>The durations in force: those of the options, or of the set that all nodes of a cluster follow.</summary>
/// <param name="options">The options to begin with.</param>
internal sealed class TimingsInForce(SessionLifetimeOptions options)
{
    private volatile DurationSet _set = new(options);

    /// <summary>The durations in force for a session.</summary>
    public SessionTimings Of(in SessionSnapshot seen)
    {
        var set = _set;
        return seen.Overrides is { } own ? SessionTimings.Of(set.Options, own) : set.Timings;
    }

    /// <summary>Another set is in force from now on.</summary>
    public void Replace(SessionLifetimeOptions options) => _set = new(options);

    private sealed class DurationSet(SessionLifetimeOptions options)
    {
        public SessionLifetimeOptions Options => options;

        public SessionTimings Timings { get; } = SessionTimings.Of(options);
    }
}
