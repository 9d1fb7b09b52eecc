using Microsoft.Extensions.DependencyInjection;
using SessionLifetime;
using SessionLifetime.Cluster;
using SessionLifetime.DependencyInjection;
using SessionLifetime.Directories;
using SessionLifetime.Http.Requests;
using SessionLifetime.Http.Tokens;
using SessionLifetime.HttpSession;
using SessionLifetime.Setup;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Adds SessionLifetime to an app's pipeline.</summary>
public static class SessionLifetimeApplicationBuilderExtensions
{
    /// <summary>
    /// Leads every request to its tab's session. Call it after <c>UseRouting()</c> and <c>UseAuthentication()</c>, before anything that
    /// asks for the session; where endpoints choose their authentication schemes themselves, after <c>UseAuthorization()</c>. Users who are
    /// not known here count as anonymous: they are then compared with the session's user only immediately before the endpoint runs, and the log says so.
    /// </summary>
    /// <param name="app">The app.</param>
    /// <returns>The same app, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="app"/> is null.</exception>
    /// <exception cref="InvalidOperationException"><c>AddSessionLifetime()</c> was not called.</exception>
    public static IApplicationBuilder UseSessionLifetime(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        MissingRegistration.ThrowIfMissing(app.ApplicationServices, nameof(UseSessionLifetime));
        app.ApplicationServices.GetRequiredService<SetupCalls>().Use(app.Properties);
        if (app.ApplicationServices.GetRequiredService<SessionDirectory>().DeliversLater)
        {
            app.UseMiddleware<StoreFailureMiddleware>();
            app.UseMiddleware<SharedTokensMiddleware>();
        }

        if (app.ApplicationServices.GetService<HttpSessionFactory>() is not null)
        {
            app.UseMiddleware<HttpSessionMiddleware>();
        }

        app.UseMiddleware<SessionLifetimeMiddleware>();
        return app.ApplicationServices.GetRequiredService<SessionDirectory>().DeliversLater && app.ApplicationServices.GetServices<IExitValues>().Any()
            ? app.UseMiddleware<SharedValuesMiddleware>()
            : app;
    }
}
