using System.Buffers;
using System.Globalization;
using Microsoft.Extensions.Options;

namespace SessionLifetime.Configuration;

/// <summary>Refuses a bad set of options with one message that names every fault: property, rule and value.</summary>
internal sealed class SessionLifetimeOptionsValidator : IValidateOptions<SessionLifetimeOptions>
{
    // RFC 9110, section 5.6.2: tchar.
    internal static readonly SearchValues<char> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    /// <summary>Each may block a thread of its own.</summary>
    private const int MostHandlers = 10_000;

    public ValidateOptionsResult Validate(string? name, SessionLifetimeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var faults = new List<string>();

        NotNegative(nameof(options.SessionTimeout), options.SessionTimeout, "zero (never) or positive");
        Positive(nameof(options.CountdownDuration), options.CountdownDuration);
        Positive(nameof(options.SignalTimeout), options.SignalTimeout);
        Positive(nameof(options.AbsoluteTimeout), options.AbsoluteTimeout);
        Positive(nameof(options.UnconfirmedTimeout), options.UnconfirmedTimeout);
        Within(nameof(options.SweepInterval), options.SweepInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromDays(1));
        if (options.KeepAliveInterval is { } keepAlive)
        {
            Within(nameof(options.KeepAliveInterval), keepAlive, TimeSpan.FromMilliseconds(100), TimeSpan.FromDays(1));
        }

        if (options.StretchInterval.Ticks % TimeSpan.TicksPerSecond != 0)
        {
            Fault(nameof(options.StretchInterval), "whole seconds", options.StretchInterval);
        }
        else
        {
            Within(nameof(options.StretchInterval), options.StretchInterval, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        }

        if (options.ExpiredPath is { } path && !BrowserAddress.IsPath(path))
        {
            faults.Add($"SessionLifetimeOptions.ExpiredPath must be a path of the app: one slash first, and no backslash, '?' or '#'; it is '{path}'.");
        }

        Positive(nameof(options.MaxRequestHold), options.MaxRequestHold);
        Positive(nameof(options.HandlerTimeout), options.HandlerTimeout);
        if (options.HandlerTimeout > TimeSpan.FromDays(1))
        {
            Fault(nameof(options.HandlerTimeout), "at most 1 day", options.HandlerTimeout);
        }

        if (options.MaxConcurrentHandlers is < 1 or > MostHandlers)
        {
            Fault(nameof(options.MaxConcurrentHandlers), "from 1 to 10000", options.MaxConcurrentHandlers);
        }

        Within(nameof(options.DisposalTimeout), options.DisposalTimeout, TimeSpan.FromTicks(1), TimeSpan.FromDays(1));
        NotNegative(nameof(options.UnloadGrace), options.UnloadGrace, "zero (at once) or positive");
        NotNegative(nameof(options.SelfDestructOnUnload), options.SelfDestructOnUnload ?? TimeSpan.Zero, "zero or positive");
        NotNegative(nameof(options.EndedSessionRetention), options.EndedSessionRetention, "zero or positive");
        Within(nameof(options.ShutdownTimeout), options.ShutdownTimeout, TimeSpan.Zero, TimeSpan.FromDays(1));
        if (options.MaxSessions < 1)
        {
            Fault(nameof(options.MaxSessions), "at least 1", options.MaxSessions);
        }

        AtLeastOne(nameof(options.MaxSessionsPerUser), options.MaxSessionsPerUser);
        AtLeastOne(nameof(options.MaxSessionsPerBrowser), options.MaxSessionsPerBrowser);
        Defined(nameof(options.LimitPolicy), options.LimitPolicy);
        Defined(nameof(options.BrowserBinding), options.BrowserBinding);
        if (options.BrowserBinding == BrowserBinding.Off && options.MaxSessionsPerBrowser is not null)
        {
            faults.Add("SessionLifetimeOptions.MaxSessionsPerBrowser needs BrowserBinding: browsers without a key cannot be counted; it is Off.");
        }

        if (string.IsNullOrWhiteSpace(options.UserClaimType))
        {
            faults.Add("SessionLifetimeOptions.UserClaimType must be a claim type; it is empty.");
        }

        Within(nameof(options.IdRotationOverlap), options.IdRotationOverlap, TimeSpan.Zero, TimeSpan.FromHours(1));
        if (options.MaxEndedSessions < 0)
        {
            Fault(nameof(options.MaxEndedSessions), "zero or more", options.MaxEndedSessions);
        }

        HeaderName(nameof(options.IdHeaderName), options.IdHeaderName);
        HeaderName(nameof(options.PageHeaderName), options.PageHeaderName);
        if (string.Equals(options.IdHeaderName, options.PageHeaderName, StringComparison.OrdinalIgnoreCase))
        {
            faults.Add("SessionLifetimeOptions.PageHeaderName must differ from IdHeaderName; both are '" + options.IdHeaderName + "'.");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

        void Fault(string property, string rule, IFormattable value) =>
            faults.Add($"SessionLifetimeOptions.{property} must be {rule}; it is {value.ToString(format: null, CultureInfo.InvariantCulture)}.");

        void Positive(string property, TimeSpan? value)
        {
            if (value is { } duration && duration <= TimeSpan.Zero)
            {
                Fault(property, "positive", duration);
            }
        }

        void NotNegative(string property, TimeSpan value, string rule)
        {
            if (value < TimeSpan.Zero)
            {
                Fault(property, rule, value);
            }
        }

        void Within(string property, TimeSpan value, TimeSpan least, TimeSpan most)
        {
            if (value < least || value > most)
            {
                Fault(property, $"from {least} to {most}", value);
            }
        }

        void AtLeastOne(string property, int? value)
        {
            if (value < 1)
            {
                Fault(property, "at least 1", value.Value);
            }
        }

        void Defined<TEnum>(string property, TEnum value)
            where TEnum : struct, Enum
        {
            if (!Enum.IsDefined(value))
            {
                Fault(property, "one of " + string.Join(", ", Enum.GetNames<TEnum>()), value);
            }
        }

        void HeaderName(string property, string? value)
        {
            if (string.IsNullOrEmpty(value) || value.AsSpan().ContainsAnyExcept(Token))
            {
                faults.Add($"SessionLifetimeOptions.{property} must be a header name (RFC 9110, token); it is '{value}'.");
            }
        }
    }
}
