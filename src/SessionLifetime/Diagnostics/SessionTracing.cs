using System.Diagnostics;

namespace SessionLifetime.Diagnostics;

/// <summary>The activity source <c>SessionLifetime</c>: spans for sweeps and for handler calls.</summary>
internal static class SessionTracing
{
    public const string SourceName = "SessionLifetime";

    public static readonly ActivitySource Source = new(SourceName);
}
