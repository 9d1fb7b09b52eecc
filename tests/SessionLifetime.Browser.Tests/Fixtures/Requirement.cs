using System.Diagnostics;

namespace SessionLifetime.Browser.Tests;

/// <summary>
/// What these tests need of the machine. Where it is missing a test is skipped and says why, unless the run has to be complete: then
/// it fails. <c>tests/run.sh</c> installs everything and asks for completeness.
/// </summary>
internal static class Requirement
{
    private static readonly bool s_complete = Environment.GetEnvironmentVariable("SESSIONLIFETIME_TESTS_COMPLETE") == "1";

    /// <summary>Ends the test that needs what is missing.</summary>
    public static void Missing(string what)
    {
        Assert.SkipUnless(s_complete, what);
        Assert.Fail(what);
    }

    /// <summary>Starts a command of Node.js and gives what it wrote.</summary>
    public static async Task<string> RunNodeAsync(string command, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command, arguments)
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, $"{command}: {await output}{await errors}");
            return await output;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Missing($"There is no {command} on this machine: install Node.js.");
            throw;
        }
    }
}
