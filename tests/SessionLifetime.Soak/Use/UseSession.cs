namespace SessionLifetime.Soak.Use;

/// <summary>A session as the server's events and the requests tell of it. Locked by its owner.</summary>
internal sealed class UseSession(string id, double at)
{
    public string Id => id;

    public double StartedAt { get; } = at;

    public List<UseSignal> Signals { get; } = [];

    /// <summary>The moments of <c>SessionTimeout</c>.</summary>
    public List<double> Timeouts { get; } = [];

    /// <summary>The ends that were told: one, in the end.</summary>
    public List<(double At, SessionEndReason Reason)> Ends { get; } = [];

    public bool IsJudged { get; set; }

    // What the script did, and saw.

    /// <summary>When the user did something in a page that had it and was reachable.</summary>
    public List<double> Inputs { get; } = [];

    /// <summary>When a page that has it was last seen open and answered.</summary>
    public double SeenAt { get; set; } = double.NegativeInfinity;

    /// <summary>The last moment at which anything the script did can have told of a user.</summary>
    public double TouchedAt { get; set; } = at;
}
