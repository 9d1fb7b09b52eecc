namespace SessionLifetime.Cluster;

/// <summary>When something was sent, by the monotonic and by the wall clock.</summary>
internal readonly record struct SendMoment(long Ticks, DateTimeOffset Utc);
