using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <summary>What happened to a page of a session.</summary>
/// <param name="Page">The page.</param>
/// <param name="Tab">Its tab, where it attached.</param>
/// <param name="At">When.</param>
/// <param name="Detach">How it detached; null where it attached.</param>
internal sealed record PageChange(PageId Page, PageId Tab, Moment At, PageDetach? Detach = null);
