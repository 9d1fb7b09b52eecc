using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Engine;

namespace SessionLifetime.DependencyInjection;

/// <summary>Throws an exception that says what to call where <c>AddSessionLifetime()</c> was not called.</summary>
internal static class MissingRegistration
{
    public static void ThrowIfMissing(IServiceProvider services, string caller)
    {
        if (services.GetService<IServiceProviderIsService>()?.IsService(typeof(SessionEngine)) != true)
        {
            throw new InvalidOperationException(
                $"{caller}() needs the services of SessionLifetime: call builder.Services.AddSessionLifetime() before the app is built.");
        }
    }
}
