using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Configuration;
using SessionLifetime.Diagnostics;

namespace SessionLifetime.Setup;

/// <summary>Warns at start, one line each, of settings that are allowed and make a stolen or forgotten session worth more.</summary>
internal sealed class TrustAdvisor(
    IOptions<SessionLifetimeOptions> options,
    IOptions<BrowserCookieOptions> cookie,
    IHostEnvironment environment,
    IEnumerable<IAuthenticationSchemeProvider> authentication,
    ILogger<TrustAdvisor> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var (signsIn, isLate) = (false, false);
        foreach (var schemes in authentication)
        {
            signsIn |= (await schemes.GetAllSchemesAsync()).Any();
            isLate |= signsIn && await schemes.GetDefaultAuthenticateSchemeAsync() is null;
        }

        foreach (var advice in Advise(options.Value, cookie.Value.Cookie, signsIn, environment.IsDevelopment()))
        {
            logger.RiskySetting(advice);
        }

        if (isLate)
        {
            logger.RiskySetting("No authentication scheme is the default, so users are known after UseAuthorization() only: call UseSessionLifetime() after it, or sessions belong to nobody.");
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    internal static IEnumerable<string> Advise(SessionLifetimeOptions options, CookieBuilder cookie, bool signsIn, bool isDevelopment)
    {
        if (options.BrowserBinding == BrowserBinding.Off)
        {
            yield return "BrowserBinding is Off: whoever gets hold of a session's id has the session.";
        }
        else if (cookie.SecurePolicy == CookieSecurePolicy.None && !isDevelopment)
        {
            yield return "The browser cookie's SecurePolicy is None: anybody on the way can read the key.";
        }

        if (signsIn && options.AbsoluteTimeout is null)
        {
            yield return "AbsoluteTimeout is not set, and users sign in: a session that is kept busy never asks who is there (OWASP ASVS 5, 7.3.2).";
        }
    }
}
