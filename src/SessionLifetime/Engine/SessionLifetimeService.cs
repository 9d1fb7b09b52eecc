using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Events;
using SessionLifetime.Ids;

namespace SessionLifetime.Engine;

/// <summary>What <see cref="ISessionLifetime"/> promises, on the engine.</summary>
internal sealed class SessionLifetimeService(SessionEngine engine, AllSessions sessions) : ISessionLifetime
{
    private const int MaxPageSize = 1000;

    public long Count => engine.Directory.Count;

    public async ValueTask<TabSession?> FindAsync(string id, CancellationToken cancellationToken = default)
    {
        var entry = await FindEntryAsync(id, cancellationToken);
        while (entry is not null && !await engine.Directory.TryConfirmAsync(entry))
        {
            entry = await engine.ApplyDueRulesAsync(entry) == DueRulesResult.Ended ? null : entry;
        }

        return entry is null ? null : engine.TabSessionOf(entry);
    }

    public async ValueTask<IReadOnlyList<TabSession>> ListAsync(SessionQuery? query = null, CancellationToken cancellationToken = default)
    {
        query ??= new();
        if (query.PageSize is < 1 or > MaxPageSize)
        {
            throw new ArgumentOutOfRangeException(nameof(query), query.PageSize, "PageSize must be from 1 to 1,000.");
        }

        PublicId? after = null;
        if (query.After is not null)
        {
            after = PublicId.TryParse(query.After, out var mark)
                ? mark
                : throw new ArgumentException("After is not the public id of a session: pass the Id of the last session of the page before.", nameof(query));
        }

        BrowserId? browser = null;
        if (query.BrowserId is not null)
        {
            browser = BrowserId.TryParse(query.BrowserId, out var id)
                ? id
                : throw new ArgumentException("BrowserId is not the id of a browser: pass what TabSession.BrowserId gives.", nameof(query));
        }

        var entries = await engine.Directory.ListAsync(new SessionFilter(query.User, browser), after, query.PageSize, cancellationToken);
        return [.. entries.Select(engine.TabSessionOf)];
    }

    public async ValueTask<bool> EndAsync(
        string id,
        SessionEndReason reason = SessionEndReason.Revoked,
        CancellationToken cancellationToken = default)
    {
        ThrowIfUndefined(reason);
        return await FindEntryAsync(id, cancellationToken) is { } entry
            && await engine.EndAndWaitAsync(entry, reason).WaitAsync(cancellationToken);
    }

    public ValueTask<int> EndAllAsync(
        TabSession? except = null,
        SessionEndReason reason = SessionEndReason.Revoked,
        CancellationToken cancellationToken = default) => EndAllAsync(default(SessionFilter), except, reason, cancellationToken);

    public ValueTask<int> EndAllAsync(
        string user,
        TabSession? except = null,
        SessionEndReason reason = SessionEndReason.Revoked,
        CancellationToken cancellationToken = default)
    {
        // A claim that is not there must not end everybody's.
        ArgumentException.ThrowIfNullOrEmpty(user);
        return EndAllAsync(new SessionFilter(user), except, reason, cancellationToken);
    }

    private async ValueTask<int> EndAllAsync(
        SessionFilter filter,
        TabSession? except,
        SessionEndReason reason,
        CancellationToken cancellationToken)
    {
        ThrowIfUndefined(reason);
        var exits = new List<Task>();
        var count = 0;
        await foreach (var session in sessions.EndAsync(filter, reason, except, cancellationToken))
        {
            count++;
            if (!HandlerInvocation.IsInside)
            {
                exits.Add(session.Completion);
            }
        }

        await Task.WhenAll(exits).WaitAsync(cancellationToken);
        return count;
    }

    private static void ThrowIfUndefined(SessionEndReason reason)
    {
        if (!Enum.IsDefined(reason))
        {
            throw new ArgumentOutOfRangeException(nameof(reason), reason, "It is not one of the reasons.");
        }
    }

    private async ValueTask<SessionEntry?> FindEntryAsync(string id, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(id);
        if (!PublicId.TryParse(id, out var parsed) || await engine.Directory.FindAsync(parsed, cancellationToken) is not { } entry)
        {
            return null;
        }

        return await engine.ApplyDueRulesAsync(entry) == DueRulesResult.Ended ? null : entry;
    }
}
