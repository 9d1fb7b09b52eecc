using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Sessions;

namespace SessionLifetime.Scoping;

/// <summary>
/// The dependency-injection scope of one session, and the session-scoped services made in it. Its container sees to it that each is made
/// once, under the scope's own lock; so there is no second lock that could be taken in another order.
/// </summary>
internal sealed class SessionServices : ISessionScope
{
    /// <summary>Under this key the app's registrations stand; without a key stands what leads a scope to its session's instance.</summary>
    public static readonly object Key = new KeyName();

    [ThreadStatic]
    private static List<(SessionServices Home, Type Service)>? s_making;

    private readonly AsyncServiceScope _scope;
    private readonly OwnedObjects _owned;
    private readonly ConcurrentDictionary<Type, object> _made = new();

    private SessionServices(IServiceProvider services, TabSession session)
    {
        _owned = session.Owned;
        _scope = services.CreateAsyncScope();
        TabSessionAccessor.Enter(_scope.ServiceProvider, session);
    }

    /// <summary>The instance of the session that a scope works for.</summary>
    public static object Get(IServiceProvider scope, Type service)
    {
        var session = scope.GetRequiredService<TabSessionAccessor>().Session ?? throw NoSession.For(service, scope);
        var home = session.Owned.GetScope((scope, session), static from => new SessionServices(from.scope, from.session)) ?? throw Ended(service);
        return ((SessionServices)home).Get(service);
    }

    /// <summary>As <see cref="Get(IServiceProvider, Type)"/>, for a scope that would dispose it.</summary>
    public static object Lend(IServiceProvider scope, Type service) => scope.GetRequiredService<TabSessionAccessor>().Lend(Get(scope, service));

    public IReadOnlyList<object> TakeDisposables() => ScopeDisposables.TakeAll(_scope.ServiceProvider);

    public ValueTask DisposeAsync() => _scope.DisposeAsync();

    private static InvalidOperationException Ended(Type service) => new(
        $"'{service}' is session-scoped, and the session has ended: what it owned is disposed. Work that outlives its session stops at TabSession.Ended.");

    private object Get(Type service)
    {
        if (_made.TryGetValue(service, out var made))
        {
            return made;
        }

        // Making is synchronous, so what is being made for what stands on the thread.
        var making = s_making ??= [];
        if (making.Contains((this, service)))
        {
            var circle = making.SkipWhile(one => one != (this, service)).Select(static one => one.Service).Append(service);
            throw new InvalidOperationException($"Session-scoped services need each other in a circle: {string.Join(" -> ", circle)}.");
        }

        making.Add((this, service));
        try
        {
            made = _scope.ServiceProvider.GetRequiredKeyedService(service, Key);
        }
        catch (ObjectDisposedException) when (_owned.IsClosed)
        {
            throw Ended(service);
        }
        finally
        {
            making.RemoveAt(making.Count - 1);
        }

        if (_made.TryAdd(service, made))
        {
            _owned.Made(made);
        }

        return made;
    }

    /// <summary>A key that messages of the container can show.</summary>
    private sealed class KeyName
    {
        public override string ToString() => "session-scoped";
    }
}
