using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <summary>What an entry keeps besides where its session is kept in a backing store, too.</summary>
internal sealed class SharedState
{
    private int _isDirty;

    /// <summary>Commits of one session are written one after the other.</summary>
    public AsyncTurn Turn { get; } = new();

    /// <summary>The version of the record that the entry was read from or last written as.</summary>
    public long Version { get; set; }

    /// <summary>SHA-256 of the browser's key, while the key itself is not known here; otherwise null.</summary>
    public string? BrowserHash { get; set; }

    /// <summary>Secrets of which only the hash is known here, and until when each works.</summary>
    public IReadOnlyList<(string Hash, Moment Until)> HashedSecrets { get; set; } = [];

    /// <summary>Whether more than stamps waits to be written.</summary>
    public bool IsChanged { get; set; }

    /// <summary>Marks stamps as not written yet. True for the first to do so.</summary>
    public bool TryMarkDirty() => Interlocked.Exchange(ref _isDirty, 1) == 0;

    /// <summary>The stamps are about to be read and written.</summary>
    public void MarkClean() => Interlocked.Exchange(ref _isDirty, 0);
}
