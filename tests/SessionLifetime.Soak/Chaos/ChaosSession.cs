namespace SessionLifetime.Soak.Chaos;

/// <summary>A session as its client knows it. Written by one task.</summary>
internal sealed class ChaosSession(bool isSteady)
{
    /// <summary>Whether it is used all the time.</summary>
    public bool IsSteady => isSteady;

    /// <summary>Its secret.</summary>
    public string Secret { get; set; } = "";

    /// <summary>Its public id.</summary>
    public string Id { get; set; } = "";

    /// <summary>Everything that was called.</summary>
    public List<Call> Calls { get; } = [];

    /// <summary>From when it is silent on purpose.</summary>
    public double SilentFrom { get; set; } = double.PositiveInfinity;
}
