using SessionLifetime.Ids;
using SessionLifetime.Policy;

namespace SessionLifetime.Directories;

/// <summary>Which sessions are meant: of one user, of one browser, of both, or, with neither, all.</summary>
internal readonly record struct SessionFilter(string? User = null, BrowserId? Browser = null)
{
    public bool Matches(SessionOwner owner) =>
        (User is null || string.Equals(owner.User, User, StringComparison.Ordinal))
        && (Browser is null || owner.BrowserId == Browser);
}
