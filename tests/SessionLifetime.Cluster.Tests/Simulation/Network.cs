namespace SessionLifetime.Cluster.Tests.Simulation;

/// <summary>What lies between a node and the store: messages are delayed, lost and repeated, in both directions.</summary>
internal sealed class Network(World world)
{
    /// <summary>Whether the store answers nobody.</summary>
    public bool IsStoreDown { get; set; }

    /// <summary>How often a message is lost.</summary>
    public double Loss { get; set; }

    /// <summary>How often a message takes long.</summary>
    public double Slow { get; set; }

    /// <summary>How often a write arrives twice.</summary>
    public double Repeat { get; set; }

    /// <summary>How many messages were lost, late, repeated.</summary>
    public int Faults { get; private set; }

    /// <summary>How long a message takes; null when it is lost.</summary>
    public TimeSpan? Delay()
    {
        if (world.Random.NextDouble() < Loss)
        {
            Faults++;
            return null;
        }

        if (world.Random.NextDouble() < Slow)
        {
            Faults++;
            return TimeSpan.FromMilliseconds(world.Random.Next(100, 4000));
        }

        return TimeSpan.FromMilliseconds(world.Random.Next(1, 30));
    }

    public bool Repeats()
    {
        var repeats = world.Random.NextDouble() < Repeat;
        Faults += repeats ? 1 : 0;
        return repeats;
    }
}
