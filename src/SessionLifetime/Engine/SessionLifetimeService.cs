namespace SessionLifetime;

/// <summary>What <see cref="ISessionLifetime"/> promises, on the engine.</summary>
internal sealed class SessionLifetimeService(SessionEngine engine) : ISessionLifetime
{
    private const int MaxPageSize = 1000;

    public long Count => engine.Store.Count;

    public async ValueTask<TabSession?> FindAsync(string id, CancellationToken cancellationToken = default) =>
        await FindCellAsync(id, cancellationToken) is { } cell ? engine.FaceOf(cell) : null;

    public async ValueTask<IReadOnlyList<TabSession>> ListAsync(
        int pageSize = 100,
        string? after = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pageSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pageSize, MaxPageSize);
        PublicId? mark = null;
        if (after is not null)
        {
            if (!PublicId.TryParse(after, out var parsed))
            {
                throw new ArgumentException("It is not the public id of a session: pass the Id of the last session of the page before.", nameof(after));
            }

            mark = parsed;
        }

        var cells = await engine.Store.ListAsync(mark, pageSize, cancellationToken);
        return [.. cells.Select(engine.FaceOf)];
    }

    public async ValueTask<bool> EndAsync(
        string id,
        SessionEndReason reason = SessionEndReason.Revoked,
        CancellationToken cancellationToken = default)
    {
        ThrowIfUndefined(reason);
        return await FindCellAsync(id, cancellationToken) is { } cell
            && await engine.ExitAsync(cell, reason).WaitAsync(cancellationToken);
    }

    public async ValueTask<int> EndAllAsync(
        TabSession? except = null,
        SessionEndReason reason = SessionEndReason.Revoked,
        CancellationToken cancellationToken = default)
    {
        ThrowIfUndefined(reason);
        var exits = new List<Task>();
        var count = 0;
        await foreach (var session in engine.EndAllAsync(reason, except, cancellationToken))
        {
            count++;
            if (!HandlerScope.IsInside(session))
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

    private async ValueTask<SessionCell?> FindCellAsync(string id, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(id);
        if (!PublicId.TryParse(id, out var parsed) || await engine.Store.FindAsync(parsed, cancellationToken) is not { } cell)
        {
            return null;
        }

        return await engine.LookAsync(cell) == LookResult.Ended ? null : cell;
    }
}
