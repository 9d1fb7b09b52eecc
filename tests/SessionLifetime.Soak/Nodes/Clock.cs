using System.Diagnostics;

namespace SessionLifetime.Soak.Nodes;

/// <summary>A clock that all processes of the machine share.</summary>
internal static class Clock
{
    /// <summary>Seconds since the machine started.</summary>
    public static double Now => Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
}
