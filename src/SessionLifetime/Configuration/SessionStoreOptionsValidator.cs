using Microsoft.Extensions.Options;

namespace SessionLifetime.Configuration;

/// <summary>Checks the options of a store of sessions at start; names every fault at once.</summary>
internal sealed class SessionStoreOptionsValidator : IValidateOptions<SessionStoreOptions>
{
    public ValidateOptionsResult Validate(string? name, SessionStoreOptions options)
    {
        var faults = new List<string>();
        if (options.FlushInterval < TimeSpan.FromMilliseconds(100) || options.FlushInterval > TimeSpan.FromMinutes(1))
        {
            faults.Add($"SessionStoreOptions.FlushInterval must be from 100 milliseconds to 1 minute; it is {options.FlushInterval}.");
        }

        if (options.StoreOutageTolerance < TimeSpan.Zero)
        {
            faults.Add($"SessionStoreOptions.StoreOutageTolerance must not be negative; it is {options.StoreOutageTolerance}.");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
