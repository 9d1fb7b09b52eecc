namespace SessionLifetime;

/// <summary>What <c>HttpContext.Session</c> may hold. Set by <c>AddHttpSession</c>; checked at start, every fault at once.</summary>
public sealed class HttpSessionOptions
{
    /// <summary>
    /// Whether a write without a session starts one, and the answer hands its id to the browser module in <c>X-Session-Id</c>. Only where
    /// the request carries no id and the response has not started.
    /// </summary>
    /// <value>False: such a write is an exception that says what to do.</value>
    public bool StartOnWrite { get; set; }

    /// <summary>The longest key, in characters.</summary>
    /// <value>256. At least 1.</value>
    public int MaxKeyLength { get; set; } = 256;

    /// <summary>The largest value, in bytes.</summary>
    /// <value>1 MiB. Not negative.</value>
    public int MaxValueSize { get; set; } = 1024 * 1024;

    /// <summary>The most that the keys (two bytes a character) and values of one session may take together, in bytes.</summary>
    /// <value>4 MiB. At least 1.</value>
    public int MaxTotalSize { get; set; } = 4 * 1024 * 1024;
}
