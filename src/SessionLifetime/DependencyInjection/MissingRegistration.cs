using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Engine;

namespace SessionLifetime.DependencyInjection;

/// <summary>Tells a missing registration apart from everything else that can go wrong.</summary>
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
