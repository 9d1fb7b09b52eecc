namespace Cluster;

/// <summary>What every session has one of, on whichever node it is.</summary>
public sealed class Counter
{
    /// <summary>How often the button was pressed.</summary>
    public int Value { get; set; }
}
