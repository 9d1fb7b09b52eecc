namespace SessionLifetime.Http.Admission;

/// <summary>The codes of problem answers and metrics for requests that get no session. Programs rely on them: none may change.</summary>
internal static class RefusalCodes
{
    public const string SessionRequired = "sessionRequired";
    public const string SessionUnknown = "sessionUnknown";
    public const string SessionEnded = "sessionEnded";
    public const string WrongBrowser = "wrongBrowser";
    public const string WrongUser = "wrongUser";
    public const string WrongConnection = "wrongConnection";
    public const string BrowserLimit = "browserLimit";
    public const string UserLimit = "userLimit";
    public const string StoreAway = "storeAway";
}
