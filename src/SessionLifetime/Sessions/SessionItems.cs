using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Sessions;

namespace SessionLifetime;

/// <summary>
/// The live objects a session owns, by key. Thread-safe. What is in here when the session ends is disposed with it, newest first together
/// with the session-scoped services; what was removed or replaced before is the caller's again.
/// </summary>
/// <remarks>
/// Use a string as a key, or an object of your own that nobody else can guess. Once the session has ended and its last request has
/// completed, it is empty, and adding to it throws. All members may be called from any thread.
/// </remarks>
public sealed class SessionItems
{
    private readonly OwnershipState _state;
    private readonly Dictionary<object, (object Value, long Age)> _items = [];

    internal SessionItems(OwnershipState state) => _state = state;

    /// <summary>How many there are.</summary>
    /// <value>Zero or more.</value>
    public int Count
    {
        get
        {
            lock (_state.Lock)
            {
                return _items.Count;
            }
        }
    }

    /// <summary>The keys, as of now.</summary>
    public IReadOnlyCollection<object> Keys
    {
        get
        {
            lock (_state.Lock)
            {
                return [.. _items.Keys];
            }
        }
    }

    /// <summary>An item.</summary>
    /// <param name="key">Its key.</param>
    /// <value>Null where there is none. Setting null removes it; what was removed or replaced is the caller's, and is not disposed.</value>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is null.</exception>
    /// <exception cref="ObjectDisposedException">Set after the session has ended and its last request has completed.</exception>
    public object? this[object key]
    {
        get => TryGet<object>(key, out var item) ? item : null;
        set
        {
            ArgumentNullException.ThrowIfNull(key);
            lock (_state.Lock)
            {
                if (value is null)
                {
                    _items.Remove(key);
                    return;
                }

                Add(key, value);
            }
        }
    }

    /// <summary>Whether there is an item.</summary>
    /// <param name="key">Its key.</param>
    /// <returns>Whether there is one, of whatever type, as of now. To use it, ask for it by <see cref="TryGet"/>: another thread may remove it meanwhile.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is null.</exception>
    public bool ContainsKey(object key)
    {
        ArgumentNullException.ThrowIfNull(key);
        lock (_state.Lock)
        {
            return _items.ContainsKey(key);
        }
    }

    /// <summary>Finds an item of a type.</summary>
    /// <typeparam name="T">Its type; an item of another type is not found.</typeparam>
    /// <param name="key">Its key.</param>
    /// <param name="item">The item.</param>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is null.</exception>
    public bool TryGet<T>(object key, [MaybeNullWhen(false)] out T item)
        where T : notnull
    {
        ArgumentNullException.ThrowIfNull(key);
        lock (_state.Lock)
        {
            if (_items.TryGetValue(key, out var found) && found.Value is T typed)
            {
                item = typed;
                return true;
            }
        }

        item = default;
        return false;
    }

    /// <summary>Finds an item, or makes it.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="key">Its key.</param>
    /// <param name="make">Makes it, on the caller's thread, outside every lock. Where two ask at once it may run twice: both are given the same item, and the
    /// other is disposed. A session-scoped service is made once.</param>
    /// <returns>The item that was there, or the one that was made.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> or <paramref name="make"/> is null.</exception>
    /// <exception cref="InvalidOperationException">The key has an item of another type.</exception>
    /// <exception cref="ObjectDisposedException">The session has ended and its last request has completed.</exception>
    public T GetOrAdd<T>(object key, Func<T> make)
        where T : notnull
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(make);
        if (Find<T>(key, out var present))
        {
            return present;
        }

        var made = make();
        var isKept = false;
        try
        {
            lock (_state.Lock)
            {
                if (!Find<T>(key, out present))
                {
                    Add(key, made);
                    (present, isKept) = (made, true);
                }

                return present;
            }
        }
        finally
        {
            if (!isKept && !ReferenceEquals(present, made))
            {
                Discard(made);
            }
        }
    }

    /// <summary>Removes an item: it is the caller's, and is not disposed with the session.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="item">The item.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is null.</exception>
    public bool Remove(object key, [NotNullWhen(true)] out object? item)
    {
        ArgumentNullException.ThrowIfNull(key);
        lock (_state.Lock)
        {
            var isFound = _items.Remove(key, out var found);
            item = found.Value;
            return isFound;
        }
    }

    /// <summary>Removes an item: it is the caller's, and is not disposed with the session.</summary>
    /// <param name="key">Its key.</param>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is null.</exception>
    public bool Remove(object key) => Remove(key, out _);

    /// <summary>The session's owned objects are closed: gives what is to be disposed, and holds nothing any more. Inside the lock.</summary>
    internal void TakeDisposables(List<OwnedObject> ownedObjects)
    {
        foreach (var (value, age) in _items.Values)
        {
            if (value is IAsyncDisposable or IDisposable)
            {
                ownedObjects.Add(new(age, value));
            }
        }

        _items.Clear();
    }

    private static void Discard(object made)
    {
        if (made is IDisposable disposable)
        {
            disposable.Dispose();
        }
        else if (made is IAsyncDisposable asynchronous)
        {
            _ = asynchronous.DisposeAsync().AsTask();
        }
    }

    private bool Find<T>(object key, [MaybeNullWhen(false)] out T item)
        where T : notnull
    {
        if (TryGet(key, out item))
        {
            return true;
        }

        return TryGet<object>(key, out var other)
            ? throw new InvalidOperationException($"The session's item '{key}' is a {other.GetType()}, not a {typeof(T)}.")
            : false;
    }

    /// <summary>Inside the lock.</summary>
    private void Add(object key, object value)
    {
        ObjectDisposedException.ThrowIf(_state.IsClosed, this);
        _items[key] = (value, _state.NextAge());
    }
}
