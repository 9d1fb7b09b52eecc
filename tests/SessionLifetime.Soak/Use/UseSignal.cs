namespace SessionLifetime.Soak.Use;

/// <summary>A request that a session had.</summary>
/// <param name="Arrived">Seconds since the start.</param>
/// <param name="Completed">When it was answered.</param>
/// <param name="Kind">attach, ping, activity, detach, exit, request.</param>
/// <param name="Page">The page it came from, or null.</param>
/// <param name="Idle">Seconds since the user was active, as the page says it; null where it says nothing.</param>
/// <param name="IsCertain">Whether the library surely counted it: it was answered.</param>
internal sealed record UseSignal(double Arrived, double Completed, string Kind, string? Page, double? Idle, bool IsCertain)
{
    /// <summary>Whether it tells of the user.</summary>
    public bool IsActivity => Kind is "attach" or "activity" or "request" || (Kind is "ping" && Idle is not null);

    /// <summary>Whether it tells that the browser is there.</summary>
    public bool IsSignal => Kind is not "exit";

    /// <summary>The earliest moment it can have told of the user at.</summary>
    public double ActiveFrom => Arrived - (Idle ?? 0);

    /// <summary>The latest.</summary>
    public double ActiveUntil => Completed - (Idle ?? 0);
}
