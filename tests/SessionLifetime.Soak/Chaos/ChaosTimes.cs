namespace SessionLifetime.Soak.Chaos;

/// <summary>The durations of a run, in seconds. F is the default, a second.</summary>
internal sealed record ChaosTimes
{
    /// <summary>F.</summary>
    public double Flush => 1;

    /// <summary>T.</summary>
    public double Timeout => 20;

    /// <summary>C.</summary>
    public double Countdown => 10;

    /// <summary>From the last activity to the end.</summary>
    public double Whole => Timeout + Countdown;

    /// <summary>How often nodes sweep.</summary>
    public double Sweep => 2;

    /// <summary>L.</summary>
    public double Lease => 15 * Flush;

    /// <summary>Q.</summary>
    public double Precision => 10 * Flush;

    /// <summary>For how long a node answers from memory after it last heard from the store.</summary>
    public double ReadLease => 2.5 * Flush;

    /// <summary>What is added to a limit because the processes share a loaded machine.</summary>
    public double Tolerance => 1;
}
