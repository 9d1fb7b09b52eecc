namespace SessionLifetime.Tests.Configuration;

public sealed class SessionLifetimeOptionsValidatorTests
{
    [Fact]
    public void Validate_Defaults_AreFine() => Assert.True(new SessionLifetimeOptionsValidator().Validate(null, new()).Succeeded);

    [Fact]
    public void Validate_LongestDurations_AreFine()
    {
        var longest = TimeSpan.MaxValue;
        var options = new SessionLifetimeOptions
        {
            SessionTimeout = longest,
            CountdownDuration = longest,
            SignalTimeout = longest,
            AbsoluteTimeout = longest,
            UnconfirmedTimeout = longest,
            MaxRequestHold = longest,
            UnloadGrace = longest,
            SelfDestructOnUnload = longest,
            EndedSessionRetention = longest,
        };

        Assert.True(new SessionLifetimeOptionsValidator().Validate(null, options).Succeeded);
    }

    [Fact]
    public void Validate_EverythingWrong_NamesEveryFaultAtOnce()
    {
        var options = new SessionLifetimeOptions
        {
            SessionTimeout = TimeSpan.FromSeconds(-1),
            CountdownDuration = TimeSpan.Zero,
            SignalTimeout = TimeSpan.Zero,
            AbsoluteTimeout = TimeSpan.Zero,
            UnconfirmedTimeout = TimeSpan.Zero,
            SweepInterval = TimeSpan.Zero,
            KeepAliveInterval = TimeSpan.Zero,
            MaxRequestHold = TimeSpan.Zero,
            HandlerTimeout = TimeSpan.Zero,
            UnloadGrace = TimeSpan.FromSeconds(-1),
            SelfDestructOnUnload = TimeSpan.FromSeconds(-1),
            MaxSessions = 0,
            MaxEndedSessions = -1,
            MaxSessionsPerUser = 0,
            MaxSessionsPerBrowser = 0,
            LimitPolicy = (SessionLimitPolicy)7,
            BrowserBinding = (BrowserBinding)7,
            UserClaimType = " ",
            IdRotationOverlap = TimeSpan.FromSeconds(-1),
            EndedSessionRetention = TimeSpan.FromSeconds(-1),
            ShutdownTimeout = TimeSpan.FromSeconds(-1),
            IdHeaderName = "X Session",
            PageHeaderName = "x session",
        };

        var faults = new SessionLifetimeOptionsValidator().Validate(null, options).Failures!.ToList();

        foreach (var property in typeof(SessionLifetimeOptions).GetProperties().Where(property => property.PropertyType != typeof(bool)))
        {
            Assert.Contains(faults, fault => fault.StartsWith($"SessionLifetimeOptions.{property.Name} must ", StringComparison.Ordinal));
        }

        Assert.Contains("SessionLifetimeOptions.SessionTimeout must be zero (never) or positive; it is -00:00:01.", faults);
    }

    [Fact]
    public void Advise_RiskySettings_AreNamed()
    {
        Assert.Empty(SettingsAdvisor.Advise(new()));
        Assert.Equal(4, SettingsAdvisor.Advise(new()
        {
            SessionTimeout = TimeSpan.FromSeconds(10),
            SelfDestructOnUnload = TimeSpan.FromSeconds(5),
        }).Count());
        Assert.Single(SettingsAdvisor.Advise(new() { SignalTimeout = TimeSpan.FromSeconds(100) }));
    }
}
