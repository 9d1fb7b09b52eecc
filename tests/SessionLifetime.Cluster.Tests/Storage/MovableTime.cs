namespace SessionLifetime.Cluster.Tests.Storage;

/// <summary>The system's time, moved ahead by tests. Timers run as ever.</summary>
internal sealed class MovableTime : TimeProvider
{
    private long _offset;

    /// <summary>How far it was moved.</summary>
    public TimeSpan Offset => new(Interlocked.Read(ref _offset));

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Moves it ahead.</summary>
    public void Advance(TimeSpan by) => Interlocked.Add(ref _offset, by.Ticks);

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;

    /// <inheritdoc/>
    public override long GetTimestamp() => System.GetElapsedTime(0).Ticks + Offset.Ticks;
}
