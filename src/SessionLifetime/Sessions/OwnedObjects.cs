using SessionLifetime.Entries;

namespace SessionLifetime.Sessions;

/// <summary>What one session owns. Made when it first owns something; closed once, when the session has ended and nobody uses it any more.</summary>
/// <remarks>
/// The race that matters: something is made while this is being closed. What comes before the closing is in the list that
/// <see cref="Close"/> gives; what comes after it is refused, and the caller that made it (or the container) disposes it.
/// </remarks>
internal sealed class OwnedObjects
{
    /// <summary>That of a session that has ended and owned nothing.</summary>
    public static readonly OwnedObjects Closed = MakeClosed();

    private readonly OwnershipState _state = new();
    private readonly Dictionary<object, long> _ages = new(ReferenceEqualityComparer.Instance);
    private Dictionary<Type, object>? _parts;
    private SessionItems? _items;
    private ISessionScope? _scope;
    private TaskCompletionSource? _unused;

    public bool IsClosed => _state.IsClosed;

    public SessionItems Items
    {
        get
        {
            lock (_state.Lock)
            {
                return _items ??= new(_state);
            }
        }
    }

    /// <summary>Whether the session owns objects of the app.</summary>
    public bool HoldsAny
    {
        get
        {
            lock (_state.Lock)
            {
                return _items is not null || _scope is not null;
            }
        }
    }

    /// <summary>The session's scope, made when first asked for; null once this is closed.</summary>
    public ISessionScope? GetScope<TArgument>(TArgument argument, Func<TArgument, ISessionScope> make)
    {
        lock (_state.Lock)
        {
            return IsClosed ? null : _scope ??= make(argument);
        }
    }

    /// <summary>What another folder keeps for the session, made when first asked for; null once this is closed.</summary>
    public T? Part<T>()
        where T : class, new()
    {
        lock (_state.Lock)
        {
            if (IsClosed)
            {
                return null;
            }

            _parts ??= [];
            if (!_parts.TryGetValue(typeof(T), out var part))
            {
                _parts.Add(typeof(T), part = new T());
            }

            return (T)part;
        }
    }

    /// <summary>Something was made in the session's scope.</summary>
    public void Made(object made)
    {
        lock (_state.Lock)
        {
            _ages.TryAdd(made, _state.NextAge());
        }
    }

    /// <summary>Completes when no request has the session any more. Only of use after the end: until then others may come.</summary>
    public Task WhenUnused(SessionEntry entry)
    {
        lock (_state.Lock)
        {
            _unused ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        // As in the entry: we write, then read the count; the last request counts, then reads what we wrote.
        Interlocked.MemoryBarrier();
        return entry.HasRequests ? _unused.Task : Task.CompletedTask;
    }

    public void LastRequestLeft() => Volatile.Read(ref _unused)?.TrySetResult();

    /// <summary>
    /// Closes it. Gives what is to be disposed, one after the other: the scope, which holds nothing any more and must be gone
    /// before what it held is counted, then everything else, newest first, each once.
    /// </summary>
    public IEnumerable<object> Close()
    {
        var ownedObjects = TakeItems();
        if (_scope is { } scope)
        {
            var taken = scope.TakeDisposables();
            yield return scope;
            AddScope(ownedObjects, taken);
        }

        // Stable: what has one age stays in the order in which it came.
        var ordered = ownedObjects.OrderBy(static one => one.Age).Select(static one => one.Object).Distinct(ReferenceEqualityComparer.Instance);
        foreach (var one in ordered.Reverse())
        {
            yield return one;
        }
    }

    private static OwnedObjects MakeClosed()
    {
        var closed = new OwnedObjects();
        closed._state.Close();
        return closed;
    }

    private List<OwnedObject> TakeItems()
    {
        var ownedObjects = new List<OwnedObject>();
        lock (_state.Lock)
        {
            _state.Close();
            _parts = null;
            _items?.TakeDisposables(ownedObjects);
        }

        return ownedObjects;
    }

    /// <summary>
    /// Only the session's services know their age; what they were made of is as old as the first of them that needed it. A scope lists a
    /// service again where it lent it to another: it is as old as it was the first time.
    /// </summary>
    private void AddScope(List<OwnedObject> ownedObjects, IReadOnlyList<object> taken)
    {
        var age = long.MaxValue;
        var ofScope = new List<OwnedObject>();
        lock (_state.Lock)
        {
            foreach (var one in taken.Distinct(ReferenceEqualityComparer.Instance).Reverse())
            {
                age = _ages.GetValueOrDefault(one, age);
                ofScope.Add(new(age, one));
            }
        }

        ownedObjects.AddRange(Enumerable.Reverse(ofScope));
    }
}
