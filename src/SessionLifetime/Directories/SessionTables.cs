using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Directories;

/// <summary>Finds sessions by their secrets and by their public ids.</summary>
internal sealed class SessionTables(SessionRegistry registry)
{
    private readonly SessionTable<SessionId, SecretLink> _bySecret = new(registry);
    private readonly SessionTable<PublicId, PublicIdLink> _byId = new(registry);

    /// <summary>Secrets that sessions were given after their first one.</summary>
    private readonly ConcurrentDictionary<SessionId, SessionEntry> _byOtherSecret = new();

    /// <summary>Finds a session by a secret of it that works now.</summary>
    public bool TryGet(SessionId secret, SessionClock clock, [NotNullWhen(true)] out SessionEntry? entry) =>
        (_bySecret.TryGet(secret, out entry) || _byOtherSecret.TryGetValue(secret, out entry))
        && (entry.Rotated is not { } ids || ids.IsGood(secret, clock.Now));

    public bool TryGet(PublicId id, [NotNullWhen(true)] out SessionEntry? entry) => _byId.TryGet(id, out entry);

    /// <summary>All sessions.</summary>
    public IEnumerable<SessionEntry> All() => _byId.All();

    /// <summary>Adds a session by its first secret and then by its public id.</summary>
    public void Add(SessionEntry entry)
    {
        _bySecret.Add(entry);
        _byId.Add(entry);
    }

    /// <summary>Adds a session whose secrets are not known.</summary>
    public void AddById(SessionEntry entry) => _byId.Add(entry);

    /// <summary>Adds a session by its first secret, which has become known.</summary>
    public void AddBySecret(SessionEntry entry) => _bySecret.Add(entry);

    /// <summary>Finds a session by a further secret of it from now on.</summary>
    public void AddSecret(SessionEntry entry, SessionId secret) => _byOtherSecret[secret] = entry;

    /// <summary>Finds no session by these further secrets any more.</summary>
    public void RemoveSecrets(IEnumerable<SessionId> secrets)
    {
        foreach (var secret in secrets)
        {
            _byOtherSecret.TryRemove(secret, out _);
        }
    }

    /// <summary>Removes a session from the table it was added to last. False when it is not there.</summary>
    public bool TryRemoveById(SessionEntry entry) => _byId.Remove(entry);

    /// <summary>Removes all secrets of a session.</summary>
    public void RemoveSecretsOf(SessionEntry entry)
    {
        _bySecret.Remove(entry);
        if (entry.Rotated is { } ids)
        {
            RemoveSecrets(ids.All);
        }
    }

    /// <summary>Asks the processor for the memory that the ends of these sessions will touch.</summary>
    public void Prefetch(ReadOnlySpan<SessionEntry> entries)
    {
        foreach (var entry in entries)
        {
            _bySecret.Prefetch(entry);
            _byId.Prefetch(entry);
        }

        foreach (var entry in entries)
        {
            _bySecret.PrefetchChain(entry);
            _byId.PrefetchChain(entry);
        }
    }
}
