namespace SessionLifetime;

/// <summary>The header names of the protocol whose names do not vary, and their values.</summary>
internal static class SessionHeaders
{
    /// <summary>In answers: an id that is to be used from now on. Its name does not vary, whatever the request's.</summary>
    public const string NewId = "X-Session-Id";

    public const string State = "X-Session-State";
    public const string Location = "X-Session-Location";
    public const string Signal = "X-Session-Signal";
    public const string SecPurpose = "Sec-Purpose";
    public const string SecFetchMode = "Sec-Fetch-Mode";

    public static string? ValueOf(SessionSignal signal) => signal switch
    {
        SessionSignal.Alive => "alive",
        SessionSignal.None => "none",
        _ => null,
    };
}
