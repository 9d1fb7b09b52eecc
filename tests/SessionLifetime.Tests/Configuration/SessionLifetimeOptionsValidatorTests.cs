using Microsoft.AspNetCore.Http;
using SessionLifetime.Configuration;
using SessionLifetime.Setup;

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
            StretchInterval = TimeSpan.FromSeconds(0.5),
            ExpiredPath = "https://example.com/",
            MaxRequestHold = TimeSpan.Zero,
            HandlerTimeout = TimeSpan.Zero,
            DisposalTimeout = TimeSpan.FromDays(2),
            MaxConcurrentHandlers = 10_001,
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

    [Theory]
    [InlineData("/expired", true)]
    [InlineData("/session/over", true)]
    [InlineData("/", true)]
    [InlineData("", false)]
    [InlineData("expired", false)]
    [InlineData("//example.com", false)]
    [InlineData("/\\example.com", false)]
    [InlineData("/expired?why=1", false)]
    [InlineData("/expired#why", false)]
    [InlineData("/expired\r\nX: 1", false)]
    [InlineData("https://example.com/", false)]
    public void Validate_ExpiredPath_LeadsNowhereButIntoTheApp(string path, bool isFine) =>
        Assert.Equal(isFine, new SessionLifetimeOptionsValidator().Validate(null, new() { ExpiredPath = path }).Succeeded);

    [Theory]
    [InlineData(1, true)]
    [InlineData(86_400, true)]
    [InlineData(1.5, false)]
    [InlineData(0, false)]
    [InlineData(86_401, false)]
    public void Validate_StretchInterval_IsWholeSeconds(double seconds, bool isFine) =>
        Assert.Equal(isFine, new SessionLifetimeOptionsValidator().Validate(null, new() { StretchInterval = TimeSpan.FromSeconds(seconds) }).Succeeded);

    [Fact]
    public void Advise_RiskySettings_AreNamed()
    {
        Assert.Empty(TimingAdvice.For(new()));
        Assert.Equal(4, TimingAdvice.For(new()
        {
            SessionTimeout = TimeSpan.FromSeconds(10),
            SelfDestructOnUnload = TimeSpan.FromSeconds(5),
            SweepInterval = TimeSpan.FromSeconds(10),
        }).Count());
        Assert.Single(TimingAdvice.For(new() { SignalTimeout = TimeSpan.FromSeconds(100) }));
    }

    [Fact]
    public void Advise_SweepsRarerThanTimeouts_AreNamed()
    {
        static SessionLifetimeOptions Swept(double minutes) => new() { SessionTimeout = TimeSpan.FromMinutes(3), SweepInterval = TimeSpan.FromMinutes(minutes) };
        Assert.Empty(TimingAdvice.For(Swept(3)));
        Assert.StartsWith("SweepInterval is 00:04:00, longer than SessionTimeout", Assert.Single(TimingAdvice.For(Swept(4))), StringComparison.Ordinal);
        Assert.DoesNotContain(
            TimingAdvice.For(new() { SessionTimeout = TimeSpan.Zero, SignalTimeout = TimeSpan.FromHours(1), SweepInterval = TimeSpan.FromHours(2) }),
            static advice => advice.StartsWith("SweepInterval", StringComparison.Ordinal));
    }

    [Fact]
    public void Advise_PingsRarerThanTwiceASignalTimeout_AreNamed()
    {
        static SessionLifetimeOptions Pinged(double minutes) => new() { SignalTimeout = TimeSpan.FromMinutes(30), KeepAliveInterval = TimeSpan.FromMinutes(minutes) };
        Assert.Empty(TimingAdvice.For(Pinged(14)));
        Assert.StartsWith("KeepAliveInterval is 00:15:00, not shorter than half of SignalTimeout", Assert.Single(TimingAdvice.For(Pinged(15))), StringComparison.Ordinal);
    }

    [Fact]
    public void Advise_SettingsThatMakeATheftWorse_AreNamed()
    {
        var cookie = new BrowserCookieOptions().Cookie;
        Assert.Empty(TrustAdvice.For(new(), cookie, signsIn: false, isDevelopment: false));
        Assert.Contains("AbsoluteTimeout", Assert.Single(TrustAdvice.For(new(), cookie, signsIn: true, isDevelopment: false)), StringComparison.Ordinal);
        Assert.Empty(TrustAdvice.For(new() { AbsoluteTimeout = TimeSpan.FromHours(8) }, cookie, signsIn: true, isDevelopment: false));
        var off = new SessionLifetimeOptions { BrowserBinding = BrowserBinding.Off };
        Assert.Contains("BrowserBinding", Assert.Single(TrustAdvice.For(off, cookie, signsIn: false, isDevelopment: true)), StringComparison.Ordinal);
        cookie.SecurePolicy = CookieSecurePolicy.None;
        Assert.Contains("SecurePolicy", Assert.Single(TrustAdvice.For(new(), cookie, signsIn: false, isDevelopment: false)), StringComparison.Ordinal);
        Assert.Empty(TrustAdvice.For(new(), cookie, signsIn: false, isDevelopment: true));
    }

    [Fact]
    public void Advise_NoTimeout_IsNamed()
    {
        Assert.Contains("never end", Assert.Single(TimingAdvice.For(new() { SessionTimeout = TimeSpan.Zero })), StringComparison.Ordinal);
        Assert.Contains("page is open", Assert.Single(TimingAdvice.For(new()
        {
            SessionTimeout = TimeSpan.Zero,
            SignalTimeout = TimeSpan.FromHours(1),
        })), StringComparison.Ordinal);
    }
}
