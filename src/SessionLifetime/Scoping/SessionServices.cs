using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Sessions;

namespace SessionLifetime.Scoping;

/// <summary>
/// The dependency-injection scope of one session, and the session-scoped services created in it. The container creates each once, under the scope's own
/// lock; there is no second lock that could be taken in another order.
/// </summary>
internal sealed class SessionServices : ISessionScope
{
    /// <summary>The key of the app's registrations. The registrations without a key return the instance of the scope's session.</summary>
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

    /// <summary>The instance of the scope's session.</summary>
    public static object Get(IServiceProvider scope, Type service)
    {
        var session = scope.GetRequiredService<TabSessionAccessor>().Session ?? throw MissingSession.For(service, scope);
        var home = session.Owned.GetScope((scope, session), static from => new SessionServices(from.scope, from.session)) ?? throw Ended(service);
        return ((SessionServices)home).Get(service);
    }

    /// <summary>As <see cref="Get(IServiceProvider, Type)"/>, for a scope that must not dispose it.</summary>
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

        // Services are created synchronously, so the thread knows which are being created.
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

    /// <summary>A key with a text for the container's messages.</summary>
    private sealed class KeyName
    {
        public override string ToString() => "session-scoped";
    }
}
