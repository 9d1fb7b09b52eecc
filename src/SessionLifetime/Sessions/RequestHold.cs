namespace SessionLifetime;

/// <summary>
/// A request in flight: as long as it holds, its session's clocks stand at now. Linked into its session's cell and touched only
/// inside that cell's gate. It stops holding when released, or by itself at <see cref="Until"/>.
/// </summary>
internal sealed class RequestHold
{
    internal RequestHold? Next;
    internal RequestHold? Previous;

    /// <summary>Whether the request counts as activity, or is only a sign that the browser is there.</summary>
    public required bool IsActivity { get; init; }

    /// <summary>When it stops holding although it has not completed.</summary>
    public required Moment Until { get; init; }

    public required SessionCell Cell { get; init; }

    /// <summary>Whether it is still linked.</summary>
    internal bool IsHolding { get; set; }
}
