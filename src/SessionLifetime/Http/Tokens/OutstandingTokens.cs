using SessionLifetime.Entries;

namespace SessionLifetime.Http.Tokens;

/// <summary>The open tokens of one session, oldest first.</summary>
internal sealed class OutstandingTokens
{
    /// <summary>How many open tokens of one kind a session may have: reconnects and parallel connections need a few.</summary>
    public const int MaxOutstanding = 8;

    /// <summary>How many open tokens of one kind each open page may have, where that is more: it requests new ones before it has used the others.</summary>
    public const int MaxPerPage = 4;

    /// <summary>How many open tokens of all kinds a session can have.</summary>
    public const int MaxPerSession = (2 * MaxOutstanding) + (MaxPerPage * PageList.MaxPages);

    private readonly List<OneTimeToken> _tokens = [];

    /// <summary>Adds a token. Returns the one that it replaces, because the limit is reached.</summary>
    public OneTimeToken? Add(OneTimeToken token, SessionEntry entry)
    {
        lock (_tokens)
        {
            _tokens.Add(token);
            var oldest = Excess(_tokens.FindAll(other => other.Key.Use == token.Key.Use), token, entry);
            if (oldest is not null)
            {
                _tokens.Remove(oldest);
            }

            return oldest;
        }
    }

    /// <summary>The oldest token of a page over its limit; over the limit of the session, the oldest that no open page keeps.</summary>
    private static OneTimeToken? Excess(List<OneTimeToken> tokens, OneTimeToken latest, SessionEntry entry)
    {
        if (!latest.Page.IsNone && tokens.Count(other => other.Page == latest.Page) > MaxPerPage)
        {
            return tokens.Find(other => other.Page == latest.Page);
        }

        if (tokens.Count <= MaxOutstanding)
        {
            return null;
        }

        var open = tokens.Select(static token => token.Page).Distinct().Count(entry.IsOpenPage);
        return tokens.Count <= Math.Min(open, PageList.MaxPages) * MaxPerPage
            ? null
            : tokens.Find(other => other != latest && !entry.IsOpenPage(other.Page)) ?? tokens[0];
    }

    public void Remove(OneTimeToken token)
    {
        lock (_tokens)
        {
            _tokens.Remove(token);
        }
    }
}
