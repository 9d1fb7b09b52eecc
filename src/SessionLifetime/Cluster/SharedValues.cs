using SessionLifetime.Entries;

namespace SessionLifetime.Cluster;

/// <summary>The values of sessions in the store.</summary>
internal sealed class SharedValues(StoreGate gate, SharedSessionDirectory directory)
{
    /// <summary>Reads all values of a session. What a copy says of there being any may be older than the request before this one.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask<IReadOnlyList<StoredValue>> ReadAsync(SessionEntry entry)
    {
        var id = entry.Id.ToString();
        IReadOnlyList<StoredValue> values;
        try
        {
            values = await gate.CallAsync("reading values", (store, stop) => store.ReadValuesAsync(id, stop));
        }
        catch (SessionStoreUnavailableException) when (entry.Shared is { HasValues: false })
        {
            // As far as is known there are none, and nobody can write any now.
            return [];
        }

        return values.Any(IsReserved) ? [.. values.Where(static value => !IsReserved(value))] : values;
    }

    /// <summary>Writes values of a session, all or none.</summary>
    /// <returns>Those that stand against it; empty when everything was written.</returns>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    /// <exception cref="ArgumentException">A key is too long, or contains what a store cannot keep.</exception>
    public async ValueTask<IReadOnlyList<StoredValue>> WriteAsync(SessionEntry entry, IReadOnlyList<ValueChange> changes)
    {
        foreach (var change in changes)
        {
            StoreText.CheckKey(change.Key);
        }

        while (entry is { IsEnded: false, Shared: { HasValues: false } shared })
        {
            // They are removed after the exit of a session whose record says that there are any.
            shared.WantsValues = true;
            await directory.SaveAsync(entry);
        }

        var id = entry.Id.ToString();
        return await gate.CallAsync("writing values", (store, stop) => store.WriteValuesAsync(id, changes, stop));
    }

    /// <summary>Removes all values of a session.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask RemoveAsync(SessionEntry entry)
    {
        if (entry.Shared is not { HasValues: true })
        {
            return;
        }

        var changes = (await ReadAsync(entry)).Select(static value => new ValueChange(value.Key, Data: null)).ToList();
        if (changes.Count > 0)
        {
            await WriteAsync(entry, changes);
        }
    }

    private static bool IsReserved(StoredValue value) => string.Equals(value.Key, SharedTurns.Key, StringComparison.Ordinal);
}
