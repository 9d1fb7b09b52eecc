namespace SessionLifetime;

/// <summary>
/// Whose a session is: the browser it was bound to, and the user who signed in there. Immutable, and given to the session in one step
/// with everything else that is decided. The browser is set once and stays; the user may be released.
/// </summary>
internal sealed record SessionOwner
{
    public static readonly SessionOwner Nobody = new();

    /// <summary>The key of the browser; none while no request has brought one.</summary>
    public BrowserKey Browser
    {
        get;
        init
        {
            field = value;
            BrowserId = value.IsNone ? null : value.ToId();
        }
    }

    /// <summary>What names the browser where the key may not be shown.</summary>
    public BrowserId? BrowserId { get; private init; }

    /// <summary>The user's id, as the configured claim says; null while nobody has signed in.</summary>
    public string? User { get; init; }

    // Records print what they hold.
    public override string ToString() => "[session owner]";
}
