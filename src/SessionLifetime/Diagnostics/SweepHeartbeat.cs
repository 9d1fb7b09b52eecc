namespace SessionLifetime.Diagnostics;

/// <summary>When the sweep last came through.</summary>
internal sealed class SweepHeartbeat(TimeProvider time)
{
    private long _last = time.GetTimestamp();

    public TimeSpan Age => time.GetElapsedTime(Volatile.Read(ref _last));

    public void Beat() => Volatile.Write(ref _last, time.GetTimestamp());
}
