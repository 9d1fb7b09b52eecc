using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace SessionLifetime.Configuration;

/// <summary>Refuses a cookie that browsers would refuse, that scripts could read, or that other sites could use.</summary>
internal sealed class TransportCookieOptionsValidator(IOptions<BrowserCookieOptions> browser) : IValidateOptions<TransportCookieOptions>
{
    public ValidateOptionsResult Validate(string? name, TransportCookieOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var cookie = options.Cookie;
        var faults = CookieRules.Faults("session cookie", cookie).ToList();
        if (cookie.SameSite is not (SameSiteMode.Lax or SameSiteMode.Strict))
        {
            faults.Add($"The session cookie's SameSite must be Lax or Strict, or other sites could act in the session; it is {cookie.SameSite}.");
        }

        if (string.Equals(cookie.Name, browser.Value.Cookie.Name, StringComparison.Ordinal))
        {
            faults.Add($"The session cookie's Name must differ from the browser cookie's; both are '{cookie.Name}'.");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
