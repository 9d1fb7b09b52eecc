using System.Runtime.CompilerServices;

namespace SessionLifetime.Sessions;

/// <summary>
/// The list of what a scope of the framework's container will dispose. There is no public way to it, and none to register a service that a
/// scope hands out and does not own. A test sees to it that the field is where it was. Scopes of other containers are left alone.
/// </summary>
internal static class ScopeDisposables
{
    private const string ScopeType = "Microsoft.Extensions.DependencyInjection.ServiceLookup.ServiceProviderEngineScope, Microsoft.Extensions.DependencyInjection";

    private static readonly Type? s_scopeType = Type.GetType(ScopeType);

    /// <summary>Says so before anything is lent, should the list have moved.</summary>
    /// <exception cref="InvalidOperationException">The container is another version of the framework's than is known here.</exception>
    public static void ThrowIfMoved(IServiceProvider scope)
    {
        try
        {
            _ = IsKnown(scope) && Of(scope) is null;
        }
        catch (MissingFieldException exception)
        {
            throw new InvalidOperationException(
                "This version of Microsoft.Extensions.DependencyInjection would dispose session-scoped services with every request. Inject SessionScoped<T> instead of the service itself.",
                exception);
        }
    }

    /// <summary>Takes some objects off the list.</summary>
    public static void Remove(IServiceProvider scope, HashSet<object> objects)
    {
        if (IsKnown(scope))
        {
            Of(scope)?.RemoveAll(objects.Contains);
        }
    }

    /// <summary>
    /// Takes the list away, in the order in which things came there; what comes now goes to a new one. What was just coming may still be
    /// added to the old one, so it is to be read when the scope is disposed: then nothing is added to either.
    /// </summary>
    public static IReadOnlyList<object> TakeAll(IServiceProvider scope) =>
        IsKnown(scope) ? Interlocked.Exchange(ref Of(scope), []) ?? [] : [];

    private static bool IsKnown(IServiceProvider scope) => scope.GetType() == s_scopeType;

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_disposables")]
    private static extern ref List<object>? Of([UnsafeAccessorType(ScopeType)] object scope);
}
