using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SessionLifetime.Setup;
using SessionLifetime.Tests.Fakes;
using SessionLifetime.Tests.House;

namespace SessionLifetime.Tests.Configuration;

/// <summary>Settings that mean something else than they seem to, or nothing: the log says at start what was understood.</summary>
public sealed class ConfigurationAdviceTests
{
    [Theory]
    [InlineData("SessionTimeout", "20", "SessionLifetime:SessionTimeout is the bare number 20, which means 20 days", "SessionTimeout is 20 days")]
    [InlineData("SessionTimeout", "24:00:00", "SessionTimeout is 24 days")]
    [InlineData("AbsoluteTimeout", "1", "SessionLifetime:AbsoluteTimeout is the bare number 1, which means 1 days")]
    [InlineData("signaltimeout", "90", "SessionLifetime:signaltimeout is the bare number 90", "SignalTimeout is 90 days")]
    [InlineData("CountdownDuration", "48:00:00", "CountdownDuration is 48 days")]
    [InlineData("MaxRequestHold", "1.06:00:00", "MaxRequestHold is 1.25 days")]
    [InlineData("SesionTimeout", "00:20:00", "SessionLifetime:SesionTimeout is no option, and is ignored: SessionTimeout is one")]
    [InlineData("Timeout", "00:20:00", "SessionLifetime:Timeout is no option, and is ignored: correct its name")]
    [InlineData("BrowserCookie:SameSit", "Lax", "SessionLifetime:BrowserCookie:SameSit is no option, and is ignored: SameSite is one")]
    [InlineData("SessionTimeout", "00:20:00")]
    [InlineData("UnloadGrace", "0")]
    [InlineData("MaxSessions", "20")]
    [InlineData("AbsoluteTimeout", "1.00:00:00")]
    [InlineData("BrowserCookie:SameSite", "Strict")]
    public async Task What_was_understood_is_told_at_start(string key, string value, params string[] told)
    {
        var advice = await StartAsync(configuration => configuration.GetSection("SessionLifetime"), ("SessionLifetime:" + key, value));

        Assert.Equal(told.Length, advice.Count);
        Assert.All(told, one => Assert.Contains(advice, line => line.Contains(one, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_whole_configuration_in_place_of_its_section_is_told()
    {
        var advice = await StartAsync(static configuration => configuration, ("SessionLifetime:SessionTimeout", "00:03:00"), ("Logging:LogLevel:Default", "Warning"));

        Assert.Contains("GetSection(\"SessionLifetime\")", Assert.Single(advice), StringComparison.Ordinal);
    }

    [Fact]
    public void No_sample_warns_of_its_own_settings()
    {
        var files = Directory.GetFiles(Path.Combine(DocumentationPage.Root, "samples"), "appsettings.json", SearchOption.AllDirectories)
            .Where(static file => !file.Contains("/bin/", StringComparison.Ordinal) && !file.Contains("/obj/", StringComparison.Ordinal))
            .ToList();
        Assert.Equal(5, files.Count);
        Assert.All(files, static file =>
        {
            var section = new ConfigurationBuilder().AddJsonFile(file).Build().GetSection("SessionLifetime");
            var options = new SessionLifetimeOptions();
            section.Bind(options);

            Assert.Empty(TimingAdvice.For(options).Concat(ConfigurationAdvice.For(section)));
        });
    }

    [Fact]
    public void Every_warning_says_what_to_do()
    {
        var risky = new SessionLifetimeOptions
        {
            SessionTimeout = TimeSpan.FromSeconds(2),
            SignalTimeout = TimeSpan.FromSeconds(5),
            KeepAliveInterval = TimeSpan.FromSeconds(4),
            StretchInterval = TimeSpan.FromSeconds(5),
            SelfDestructOnUnload = TimeSpan.FromSeconds(1),
            AbsoluteTimeout = TimeSpan.FromDays(3),
        };
        var never = new SessionLifetimeOptions { SessionTimeout = TimeSpan.Zero };

        var advice = TimingAdvice.For(risky).Concat(TimingAdvice.For(never)).ToList();

        Assert.Equal(9, advice.Count);
        Assert.All(advice, static line => Assert.Matches(@"\. (Set |If )", line));
    }

    private static async Task<List<string>> StartAsync(Func<IConfiguration, IConfiguration> choose, params (string Key, string Value)[] settings)
    {
        var log = new LogRecorder();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(static one => one.Key, static one => (string?)one.Value));
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.Services.AddSessionLifetime(choose(builder.Configuration));
        await using var app = builder.Build();
        app.UseSessionLifetime();
        app.MapSessionLifetime();
        await app.StartAsync();
        return [.. log.Lines.Where(static line => line.Id.Id == 50).Select(static line => line.Text)];
    }
}
