using SessionLifetime.Cluster;
using SessionLifetime.Sessions;

namespace SessionLifetime.HttpSession;

/// <summary>
/// The values of one session as one request sees them, where sessions are in a store: read before the endpoint, written, where they changed, when the
/// answer starts and again before it ends.
/// </summary>
/// <remarks>
/// Of <c>HttpContext.Session</c> different keys are both kept, and of one key the last write wins. Typed state is written on the version that was read: where
/// another request was faster, the app's merge decides, or the request fails.
/// </remarks>
internal sealed class RequestValues(TabSession session, SharedValues store, IReadOnlyList<StoredValue> read) : ISessionValues
{
    private const int Tries = 5;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, StoredValue> _read = read.ToDictionary(static value => value.Key, StringComparer.Ordinal);
    private readonly Dictionary<string, TypedState> _states = new(StringComparer.Ordinal);

    /// <summary>What <c>HttpContext.Session</c> holds.</summary>
    public SessionValues Http { get; } = SessionValues.Of(read);

    public (byte[]? Data, long Version) Read(string key) => _read.GetValueOrDefault(key) is { } value ? (value.Data, value.Version) : (null, 0);

    public object State(string key, Func<byte[]?, object> make, Func<object, byte[]> write, Func<byte[], object, object>? merge)
    {
        lock (_lock)
        {
            if (!_states.TryGetValue(key, out var state))
            {
                var (data, version) = Read(key);
                var value = make(data);

                // What a new object looks like is no change.
                _states.Add(key, state = new(value, data ?? write(value), version, write, merge));
            }

            return state.Value;
        }
    }

    /// <summary>Writes what has changed since the last time.</summary>
    /// <exception cref="SessionStateConflictException">Another request has changed the same state, and there is no merge.</exception>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask SaveAsync()
    {
        if (session.Entry.IsEnded)
        {
            return;
        }

        var changes = Http.TakeChanges();
        if (changes.Count > 0)
        {
            await store.WriteAsync(session.Entry, changes);
        }

        List<KeyValuePair<string, TypedState>> states;
        lock (_lock)
        {
            states = [.. _states];
        }

        foreach (var (key, state) in states)
        {
            await SaveAsync(key, state);
        }
    }

    private async ValueTask SaveAsync(string key, TypedState state)
    {
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var data = state.Write(state.Value);
            if (data.AsSpan().SequenceEqual(state.Data))
            {
                return;
            }

            var conflicts = await store.WriteAsync(session.Entry, [new(key, data, state.Version)]);
            if (conflicts.Count == 0)
            {
                (state.Data, state.Version) = (data, state.Version + 1);
                return;
            }

            var theirs = conflicts[0];
            if (state.Merge is not { } merge || theirs.Data is null)
            {
                break;
            }

            state.Value = merge(theirs.Data, state.Value);
            (state.Data, state.Version) = (theirs.Data, theirs.Version);
        }

        throw new SessionStateConflictException(key[2..]);
    }

    private sealed class TypedState(object value, byte[] data, long version, Func<object, byte[]> write, Func<byte[], object, object>? merge)
    {
        public object Value { get; set; } = value;

        public byte[] Data { get; set; } = data;

        public long Version { get; set; } = version;

        public Func<object, byte[]> Write => write;

        public Func<byte[], object, object>? Merge => merge;
    }
}
