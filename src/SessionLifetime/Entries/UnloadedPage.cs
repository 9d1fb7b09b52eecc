using SessionLifetime.Ids;

namespace SessionLifetime.Entries;

/// <summary>A page that detached and was followed by none of its tab in time.</summary>
internal sealed record UnloadedPage(PageId Id, bool Persisted, bool IsCurrent, int OpenPages);
