using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Scoping;

namespace SessionLifetime;

/// <summary>
/// Gives a session-scoped service, which is made when <see cref="Value"/> is first asked for. Inject it instead of the service where
/// there may be no session, where the service was added as an open generic, and with a container other than the framework's.
/// </summary>
/// <typeparam name="T">A service added by <c>AddSessionScoped</c>.</typeparam>
/// <param name="services">The scope it works in.</param>
public sealed class SessionScoped<T>(IServiceProvider services)
    where T : class
{
    /// <summary>The session's instance.</summary>
    /// <exception cref="InvalidOperationException">There is no session here, the session has ended, the service needs itself, or was
    /// not added.</exception>
    public T Value => (T)SessionServices.Get(services, typeof(T));

    /// <summary>The session's instance, where there is a session.</summary>
    /// <value>Null where there is none.</value>
    /// <inheritdoc cref="Value" path="/exception"/>
    public T? ValueIfAny => services.GetRequiredService<ITabSessionAccessor>().Session is null ? null : Value;
}
