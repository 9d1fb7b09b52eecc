using System.Runtime.InteropServices;
using SessionLifetime.Ids;

namespace SessionLifetime.Policy;

/// <summary>
/// Whose a session is: the browser it was bound to, and the user who signed in there. Part of what a commit writes. The browser is set once; the user may be released.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SessionOwner
{
    public static readonly SessionOwner Nobody;

    public SessionOwner(BrowserKey browser, string? user)
    {
        Browser = browser;
        BrowserId = browser.IsNone ? null : browser.ToId();
        User = user;
    }

    /// <summary>One whose browser has been named before. Its key may be unknown here: a record keeps only the hash of it.</summary>
    public SessionOwner(BrowserKey browser, BrowserId browserId, string? user) => (Browser, BrowserId, User) = (browser, browserId, user);

    /// <summary>The key of the browser; none while no request has brought one.</summary>
    public BrowserKey Browser { get; }

    /// <summary>What names the browser where the key may not be shown.</summary>
    public BrowserId? BrowserId { get; }

    /// <summary>The user's id, as the configured claim says; null while nobody has signed in.</summary>
    public string? User { get; init; }

    // Records print what they hold.
    public override string ToString() => "[session owner]";
}
