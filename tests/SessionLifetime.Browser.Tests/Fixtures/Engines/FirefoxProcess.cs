using System.Diagnostics;
using System.Text.RegularExpressions;

namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>Firefox as the system has it, headless, with a profile of its own.</summary>
internal sealed partial class FirefoxProcess : IAsyncDisposable
{
    private static readonly string? s_path = new[] { Environment.GetEnvironmentVariable("FIREFOX_PATH"), "/usr/bin/firefox-esr", "/usr/bin/firefox" }.FirstOrDefault(File.Exists);

    private readonly Process _process;
    private readonly DirectoryInfo _profile;

    private FirefoxProcess(Process process, DirectoryInfo profile, BidiConnection connection) => (_process, _profile, Connection) = (process, profile, connection);

    public BidiConnection Connection { get; }

    public static async Task<FirefoxProcess> StartAsync()
    {
        if (s_path is null)
        {
            Requirement.Missing("There is no Firefox on this machine: install it, or say in FIREFOX_PATH where it is.");
        }

        var profile = Directory.CreateTempSubdirectory("session-lifetime-firefox");
        await File.WriteAllTextAsync(
            Path.Combine(profile.FullName, "user.js"),
            """
            user_pref("app.update.enabled", false);
            user_pref("browser.shell.checkDefaultBrowser", false);
            user_pref("browser.startup.page", 0);
            user_pref("dom.confirm_repost.testing.always_accept", true);
            user_pref("datareporting.policy.dataSubmissionEnabled", false);
            user_pref("dom.disable_open_during_load", false);
            user_pref("network.captive-portal-service.enabled", false);
            user_pref("network.connectivity-service.enabled", false);
            user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
            """);
        var start = new ProcessStartInfo(s_path!, ["--headless", "--no-remote", "--profile", profile.FullName, "--remote-debugging-port", "0"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["HOME"] = profile.FullName;
        var process = Process.Start(start)!;
        process.BeginOutputReadLine();
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            if (Listening().Match(line) is { Success: true } match)
            {
                _ = process.StandardError.BaseStream.CopyToAsync(Stream.Null);
                return new(process, profile, await BidiConnection.ConnectAsync(new Uri(match.Groups[1].Value + "/session")));
            }
        }

        throw new InvalidOperationException("Firefox has ended before it listened.");
    }

    public async ValueTask DisposeAsync()
    {
        await Connection.DisposeAsync();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _profile.Delete(recursive: true);
    }

    [GeneratedRegex("WebDriver BiDi listening on (ws://\\S+)")]
    private static partial Regex Listening();
}
