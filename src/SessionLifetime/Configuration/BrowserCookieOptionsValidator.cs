using Microsoft.Extensions.Options;

namespace SessionLifetime.Configuration;

/// <summary>Refuses a cookie that browsers would refuse, or that scripts could read.</summary>
internal sealed class BrowserCookieOptionsValidator : IValidateOptions<BrowserCookieOptions>
{
    public ValidateOptionsResult Validate(string? name, BrowserCookieOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var faults = CookieRules.Faults("browser cookie", options.Cookie).ToList();
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
