using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using SessionLifetime;
using SessionLifetime.Configuration;
using SessionLifetime.HttpSession;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Makes the framework's own session the session of the tab.</summary>
public static class HttpSessionBuilderExtensions
{
    /// <summary>
    /// Makes <c>HttpContext.Session</c> the session of the tab, so that code and libraries that use it (TempData among them) work per tab and
    /// unchanged. Needs neither <c>AddSession()</c> nor <c>UseSession()</c>: leave both out. Without a session it reads as empty, and
    /// <c>IsAvailable</c> is false unless a write would start one.
    /// </summary>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <param name="configure">Sets limits, and whether a write starts a session; checked when the app starts. Null: the defaults.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static SessionLifetimeBuilder AddHttpSession(this SessionLifetimeBuilder builder, Action<HttpSessionOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = builder.Services.AddOptions<HttpSessionOptions>().ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<HttpSessionOptions>, HttpSessionOptionsValidator>());
        builder.Services.TryAddSingleton<HttpSessionFactory>();
        SessionStateExtensions.AddValues(builder.Services);
        return builder;
    }
}
