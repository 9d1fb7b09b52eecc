using System.Globalization;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Navigation;

/// <summary>
/// What a page writes into its relay cookie where it has no token: <c>ended.&lt;reason&gt;.&lt;session&gt;.&lt;seconds&gt;</c> when its session has
/// ended, <c>none.&lt;seconds&gt;</c> when the tab has no session, and <c>lost.&lt;seconds&gt;</c> when it has one and the page no token of it.
/// </summary>
/// <remarks>
/// A token proves itself; a mark proves nothing, and other sites of the same domain can plant cookies. So a mark says when it was written, by the
/// clock of the server (of its latest answer, or of the page that wrote it), and is believed for seconds; and a mark of an end names the session, which
/// must not be alive.
/// </remarks>
/// <param name="Ended">The session that has ended; null where the tab has none, or no token of it.</param>
/// <param name="Reason">Why it ended; null where the page does not know.</param>
/// <param name="Seconds">When the mark was written, in seconds of Unix time.</param>
/// <param name="IsLost">Whether the tab has a session, which the request does not name: no other tab's cookie is this request's.</param>
internal readonly record struct RelayMark(PublicId? Ended, SessionEndReason? Reason, long Seconds, bool IsLost = false)
{
    private const string EndedWord = "ended";
    private const string NoneWord = "none";
    private const string LostWord = "lost";

    /// <summary>The longest text.</summary>
    public const int MaxLength = 64;

    /// <summary>How far from now the mark may have been written: the time a request takes, and what clocks of whole seconds are apart.</summary>
    private const long MaxAge = 15;

    /// <summary>Parses a mark; false for a token, and for anything else.</summary>
    public static bool TryParse(string text, out RelayMark mark)
    {
        mark = default;
        switch (text.Split('.'))
        {
            case [NoneWord, var written] when TryParseSeconds(written, out var seconds):
                mark = new(null, null, seconds);
                return true;
            case [LostWord, var written] when TryParseSeconds(written, out var seconds):
                mark = new(null, null, seconds, IsLost: true);
                return true;
            case [EndedWord, var reason, var id, var written] when PublicId.TryParse(id, out var session) && TryParseSeconds(written, out var seconds):
                mark = new(session, ReasonOf(reason), seconds);
                return reason.Length == 0 || mark.Reason is not null;
            default:
                return false;
        }
    }

    /// <summary>Whether it was written just now.</summary>
    public bool IsFresh(DateTimeOffset now) => Math.Abs(now.ToUnixTimeSeconds() - Seconds) <= MaxAge;

    private static bool TryParseSeconds(string text, out long seconds) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seconds);

    private static SessionEndReason? ReasonOf(string text)
    {
        foreach (var reason in Enum.GetValues<SessionEndReason>())
        {
            if (string.Equals(text, reason.ToString(), StringComparison.Ordinal))
            {
                return reason;
            }
        }

        return null;
    }
}
