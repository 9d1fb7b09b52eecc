using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime.Sessions;

/// <summary>
/// Tells the services of one dependency-injection scope whose session they work for. Code that opens a scope for a session enters it,
/// and leaves it before disposing it.
/// </summary>
/// <remarks>
/// A container disposes with a scope whatever disposable a factory gave it there, also what the session owns and only lent. So the scope
/// keeps a list of what was lent, and takes it out of the container's hands when it leaves.
/// </remarks>
internal sealed class TabSessionAccessor(IServiceProvider scope) : ITabSessionAccessor
{
    private HashSet<object>? _lent;
    private Action<TabSessionAccessor>? _firstLent;

    public TabSession? Session { get; private set; }

    /// <summary>The values that were read for the work of this scope, where sessions are in a store; otherwise null.</summary>
    public ISessionValues? Values { get; set; }

    /// <summary>What the scope is for; told where that helps to say why there is no session.</summary>
    public ScopePlace Place { get; set; }

    /// <summary>From now on the scope works for a session.</summary>
    /// <param name="scope">The scope's services.</param>
    /// <param name="session">The session.</param>
    /// <param name="firstLent">Called once, when the scope is lent something that it must not dispose.</param>
    /// <returns>What to leave by; null in a container without SessionLifetime.</returns>
    public static TabSessionAccessor? Enter(IServiceProvider scope, TabSession session, Action<TabSessionAccessor>? firstLent = null)
    {
        var accessor = scope.GetService<TabSessionAccessor>();
        if (accessor is not null)
        {
            accessor.Session = session;
            accessor._firstLent = firstLent;
        }

        return accessor;
    }

    /// <summary>Lends the scope what the session owns.</summary>
    public object Lend(object owned)
    {
        if (owned is IDisposable or IAsyncDisposable)
        {
            ScopeDisposables.ThrowIfNotSupported(scope);
            var lent = _lent ?? MakeList();
            lock (lent)
            {
                lent.Add(owned);
            }
        }

        return owned;
    }

    /// <summary>The scope is about to be disposed: what it was lent stays as it is.</summary>
    public void Leave()
    {
        if (_lent is { } lent)
        {
            lock (lent)
            {
                ScopeDisposables.Remove(scope, lent);
            }
        }
    }

    /// <summary>The scope works for no session any more.</summary>
    public void Forget()
    {
        Leave();
        Session = null;
    }

    private HashSet<object> MakeList()
    {
        var made = new HashSet<object>(ReferenceEqualityComparer.Instance);
        if (Interlocked.CompareExchange(ref _lent, made, null) is { } others)
        {
            return others;
        }

        _firstLent?.Invoke(this);
        return made;
    }
}
