using System.Globalization;
using Microsoft.Extensions.Options;

namespace SessionLifetime.Configuration;

/// <summary>Refuses a bad set of options with one message that names every fault: property, rule and value.</summary>
internal sealed class HttpSessionOptionsValidator : IValidateOptions<HttpSessionOptions>
{
    public ValidateOptionsResult Validate(string? name, HttpSessionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var faults = new List<string>();

        AtLeast(nameof(options.MaxKeyLength), options.MaxKeyLength, 1);
        AtLeast(nameof(options.MaxValueSize), options.MaxValueSize, 0);
        AtLeast(nameof(options.MaxTotalSize), options.MaxTotalSize, 1);

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

        void AtLeast(string property, int value, int least)
        {
            if (value < least)
            {
                faults.Add(string.Create(CultureInfo.InvariantCulture, $"HttpSessionOptions.{property} must be at least {least}; it is {value}."));
            }
        }
    }
}
