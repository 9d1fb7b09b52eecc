using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace SessionLifetime.Sessions;

/// <summary>
/// The list of objects that a scope of the framework's container disposes. The container has no public way to give out an object from a scope
/// without disposing it with the scope, so what a session owns is taken off the scope's private list.
/// </summary>
/// <remarks>
/// A version of the container whose scope has no such list is not supported: <see cref="IsSupported"/> is checked when the host starts, which logs an
/// error, and before anything is lent. Scopes of other containers are left alone.
/// </remarks>
internal static class ScopeDisposables
{
    private const string ScopeType = "Microsoft.Extensions.DependencyInjection.ServiceLookup.ServiceProviderEngineScope, Microsoft.Extensions.DependencyInjection";

    private const string FieldName = "_disposables";

    private static readonly Type? s_scopeType = Type.GetType(ScopeType);

    /// <summary>Whether the scopes of the framework's container have the list; also where that container is not present.</summary>
    public static bool IsSupported { get; } = Type.GetType(ScopeType) is not { } scope || HasList(scope);

    /// <summary>Whether a type of scope has the list.</summary>
    internal static bool HasList([DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.NonPublicFields)] Type scopeType) =>
        scopeType.GetField(FieldName, BindingFlags.Instance | BindingFlags.NonPublic)?.FieldType == typeof(List<object>);

    /// <summary>Called before an object that must outlive the scope is given out from it.</summary>
    /// <exception cref="InvalidOperationException">The scope is of a version of the framework's container that is not supported.</exception>
    public static void ThrowIfNotSupported(IServiceProvider scope) => ThrowIfNotSupported(IsSupported || !IsOfFramework(scope));

    /// <summary>The same, once it is known.</summary>
    internal static void ThrowIfNotSupported(bool isSupported)
    {
        if (!isSupported)
        {
            throw new InvalidOperationException(
                "This version of Microsoft.Extensions.DependencyInjection would dispose session-scoped services with every request. Inject SessionScoped<T> instead of the service itself.");
        }
    }

    /// <summary>Takes some objects off the list.</summary>
    public static void Remove(IServiceProvider scope, HashSet<object> objects)
    {
        if (HasList(scope))
        {
            Of(scope)?.RemoveAll(objects.Contains);
        }
    }

    /// <summary>
    /// Takes the list away, in the order in which objects were added; the scope adds later ones to a new list. An object that is just being added
    /// may still be added to the old list, so read that when the scope is disposed: from then on nothing is added to either.
    /// </summary>
    public static IReadOnlyList<object> TakeAll(IServiceProvider scope) =>
        HasList(scope) ? Interlocked.Exchange(ref Of(scope), []) ?? [] : [];

    private static bool HasList(IServiceProvider scope) => IsSupported && IsOfFramework(scope);

    private static bool IsOfFramework(IServiceProvider scope) => scope.GetType() == s_scopeType;

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = FieldName)]
    private static extern ref List<object>? Of([UnsafeAccessorType(ScopeType)] object scope);
}
