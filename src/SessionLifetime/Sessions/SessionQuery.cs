using SessionLifetime.Ids;

namespace SessionLifetime;

/// <summary>Which sessions to list, and which page of them.</summary>
public sealed record SessionQuery
{
    /// <summary>Only those of this user, as <see cref="TabSession.User"/> gives it.</summary>
    /// <value>Null: of everybody.</value>
    public string? User { get; init; }

    /// <summary>Only those of this browser, as <see cref="TabSession.BrowserId"/> gives it.</summary>
    /// <value>Null: of all browsers.</value>
    public string? BrowserId { get; init; }

    /// <summary>How many at most.</summary>
    /// <value>100; from 1 to 1,000.</value>
    public int PageSize { get; init; } = 100;

    /// <summary>The <see cref="TabSession.Id"/> of the last session of the page before.</summary>
    /// <value>Null: the first page.</value>
    public string? After { get; init; }
}
