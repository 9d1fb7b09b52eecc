using Microsoft.Extensions.DependencyInjection;
using SessionLifetime;
using SessionLifetime.DependencyInjection;
using SessionLifetime.Http.Requests;
using SessionLifetime.HttpSession;
using SessionLifetime.Setup;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Adds SessionLifetime to an app's pipeline.</summary>
public static class SessionLifetimeApplicationBuilderExtensions
{
    /// <summary>
    /// Leads every request to its tab's session. Call it after <c>UseRouting()</c> and <c>UseAuthentication()</c>, before anything that
    /// asks for the session; where endpoints choose their authentication schemes themselves, after <c>UseAuthorization()</c>. Users who are
    /// not known here are nobody to it: sessions are then kept from other users at the doors of endpoints only, and the log says so.
    /// </summary>
    /// <param name="app">The app.</param>
    /// <exception cref="InvalidOperationException"><c>AddSessionLifetime()</c> was not called.</exception>
    public static IApplicationBuilder UseSessionLifetime(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        MissingRegistration.ThrowIfMissing(app.ApplicationServices, nameof(UseSessionLifetime));
        app.ApplicationServices.GetRequiredService<SetupNotes>().IsUsed = true;
        if (app.ApplicationServices.GetService<HttpSessionFactory>() is not null)
        {
            app.UseMiddleware<HttpSessionMiddleware>();
        }

        return app.UseMiddleware<SessionLifetimeMiddleware>();
    }
}
