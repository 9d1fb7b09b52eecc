namespace SessionLifetime.Http.Reading;

/// <summary>The header names of the protocol whose names do not vary, and their values.</summary>
internal static class SessionHeaders
{
    public const string Id = "X-Session-Id";
    public const string State = "X-Session-State";
    public const string Location = "X-Session-Location";
    public const string Signal = "X-Session-Signal";

    /// <summary>The value for a request that has counted as the user's.</summary>
    public const string Activity = "activity";

    public const string SecFetchMode = "Sec-Fetch-Mode";
    public const string SecFetchDest = "Sec-Fetch-Dest";
    public const string SecFetchSite = "Sec-Fetch-Site";

    public static string? ValueOf(SessionSignal signal) => signal switch
    {
        SessionSignal.Alive => "alive",
        SessionSignal.None => "none",
        _ => null,
    };
}
