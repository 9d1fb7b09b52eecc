namespace SessionLifetime.Setup;

/// <summary>
/// Where <c>UseSessionLifetime()</c> stands among the framework's middleware. The framework notes its own calls in the properties of the application
/// builder; those noted when <c>UseSessionLifetime()</c> is called stand before it, those noted later behind it.
/// </summary>
/// <remarks>
/// <c>WebApplication</c> adds authentication and authorization in front of the app's own calls, where the app has not called them, and notes that when
/// the host starts: so the later look is taken before that, by <see cref="Close"/>.
/// </remarks>
internal sealed class PipelineOrder(IDictionary<string, object?> properties)
{
    public const string Authentication = "__AuthenticationMiddlewareSet";
    public const string Authorization = "__AuthorizationMiddlewareSet";
    public const string Antiforgery = "__AntiforgeryMiddlewareSet";
    public const string Routing = "__EndpointRouteBuilder";

    private static readonly string[] s_known = [Authentication, Authorization, Antiforgery, Routing];

    private readonly HashSet<string> _before = Present(properties);
    private HashSet<string>? _all;

    /// <summary>Looks at all calls of the app. Only the first call counts.</summary>
    public void Close() => _all ??= Present(properties);

    /// <summary>Whether the app has called that middleware before <c>UseSessionLifetime()</c>.</summary>
    public bool IsBehind(string middleware) => _before.Contains(middleware);

    /// <summary>Whether the app has called that middleware after <c>UseSessionLifetime()</c>.</summary>
    public bool IsInFrontOf(string middleware) => !_before.Contains(middleware) && _all?.Contains(middleware) == true;

    private static HashSet<string> Present(IDictionary<string, object?> properties) => [.. s_known.Where(properties.ContainsKey)];
}
