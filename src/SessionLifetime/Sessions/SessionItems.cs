using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Sessions;

namespace SessionLifetime;

/// <summary>
/// The live objects a session owns, by key. Thread-safe. What is in here when the session ends is disposed with it, newest first together
/// with the session-scoped services; what was removed or replaced before is the caller's again.
/// </summary>
/// <remarks>
/// Use a string as a key, or an object of your own that nobody else can guess. Once the session has ended and its last request has left, it
/// is empty and takes nothing any more.
/// </remarks>
public sealed class SessionItems
{
    private readonly OwnedObjects _owned;
    private readonly Dictionary<object, (object Value, long Age)> _items = [];

    internal SessionItems(OwnedObjects estate) => _owned = estate;

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_owned.Lock)
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
            lock (_owned.Lock)
            {
                return [.. _items.Keys];
            }
        }
    }

    /// <summary>An item; null where there is none. Setting null removes it.</summary>
    /// <param name="key">Its key.</param>
    /// <exception cref="ObjectDisposedException">Set after the session has ended and its last request has left.</exception>
    public object? this[object key]
    {
        get => TryGet<object>(key, out var item) ? item : null;
        set
        {
            ArgumentNullException.ThrowIfNull(key);
            lock (_owned.Lock)
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

    /// <summary>Finds an item of a type.</summary>
    /// <typeparam name="T">Its type; an item of another type is not found.</typeparam>
    /// <param name="key">Its key.</param>
    /// <param name="item">The item.</param>
    public bool TryGet<T>(object key, [MaybeNullWhen(false)] out T item)
        where T : notnull
    {
        ArgumentNullException.ThrowIfNull(key);
        lock (_owned.Lock)
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
    /// <param name="make">Makes it, outside every lock. Where two ask at once it may run twice: both are given the same item, and the
    /// other is disposed. A session-scoped service is made once.</param>
    /// <exception cref="InvalidOperationException">The key has an item of another type.</exception>
    /// <exception cref="ObjectDisposedException">The session has ended and its last request has left.</exception>
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
            lock (_owned.Lock)
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

    /// <summary>Takes an item out: it is the caller's, and is not disposed with the session.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="item">The item.</param>
    public bool Remove(object key, [NotNullWhen(true)] out object? item)
    {
        ArgumentNullException.ThrowIfNull(key);
        lock (_owned.Lock)
        {
            var isFound = _items.Remove(key, out var found);
            item = found.Value;
            return isFound;
        }
    }

    /// <summary>Takes an item out: it is the caller's, and is not disposed with the session.</summary>
    /// <param name="key">Its key.</param>
    public bool Remove(object key) => Remove(key, out _);

    /// <summary>The estate closes: gives what is to be disposed, and holds nothing any more. Inside the lock.</summary>
    internal void TakeDisposables(List<OwnedObjects.OwnedObject> ownedObjects)
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
        ObjectDisposedException.ThrowIf(_owned.IsClosed, this);
        _items[key] = (value, _owned.NextAge());
    }
}
