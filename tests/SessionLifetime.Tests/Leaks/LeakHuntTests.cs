using System.Diagnostics;
using SessionLifetime.Ids;
using SessionLifetime.Tests.Fakes;

namespace SessionLifetime.Tests.Leaks;

/// <summary>
/// Runs all HTTP tests once more in a process of its own that writes down what is logged (down to Trace, with scopes, values and
/// exceptions), measured and traced, and every id and key that is handed out; then looks for each of the latter in the former.
/// </summary>
[Collection(nameof(LeakHuntTests))]
[CollectionDefinition(nameof(LeakHuntTests), DisableParallelization = true)]
public sealed class LeakHuntTests
{
    [Fact]
    public async Task No_secret_is_in_anything_the_http_tests_log_measure_or_trace()
    {
        var folder = Directory.CreateTempSubdirectory("session-lifetime-").FullName;
        try
        {
            await RunAsync(folder);

            var secrets = (await File.ReadAllLinesAsync(Path.Combine(folder, "secrets.txt"))).ToHashSet(StringComparer.Ordinal);
            var (logs, metrics, traces) = (0, 0, 0);
            var found = new List<string>();
            await foreach (var line in File.ReadLinesAsync(Path.Combine(folder, "told.txt")))
            {
                logs += line.StartsWith("log ", StringComparison.Ordinal) ? 1 : 0;
                metrics += line.StartsWith("metric ", StringComparison.Ordinal) ? 1 : 0;
                traces += line.StartsWith("trace ", StringComparison.Ordinal) ? 1 : 0;
                if (TestCapture.Find(line, secrets) is { } secret)
                {
                    found.Add(secret + " in " + line);
                }
            }

            Assert.True(found.Count == 0, $"{found.Count} times, for one: {string.Join('\n', found.Take(20))}");

            // It looked for a lot, in a lot.
            Assert.True(secrets.Count > 1000, $"Only {secrets.Count} secrets.");
            Assert.True(logs > 50_000 && metrics > 10_000 && traces > 1000, $"Only {logs} lines logged, {metrics} measurements, {traces} spans.");
            TestContext.Current.SendDiagnosticMessage($"{secrets.Count} secrets in none of {logs} lines logged, {metrics} measurements, {traces} spans.");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Find_ASecretAnywhere_IsFound()
    {
        var secret = SessionId.Create().Reveal();
        HashSet<string> secrets = new([BrowserKey.Create().Reveal(), secret], StringComparer.Ordinal);

        Assert.Equal(secret, TestCapture.Find(secret, secrets));
        Assert.Equal(secret, TestCapture.Find($"log Some.Category | GET https://host/path?id={secret}&x=1 | ", secrets));
        Assert.Equal(secret, TestCapture.Find($"a{secret}b", secrets));
        Assert.Equal(secret, TestCapture.Find($"Value: '{secret}'", secrets));
        Assert.Equal(secret, TestCapture.Find($"--{secret}", secrets));
        Assert.Null(TestCapture.Find("", secrets));
        Assert.Null(TestCapture.Find(secret[1..], secrets));
        Assert.Null(TestCapture.Find(SessionId.Create().Reveal(), secrets));
    }

    private static async Task RunAsync(string folder)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { [TestCapture.Variable] = folder },

            // Those of memory are a million requests without a log.
            ArgumentList =
            {
                "exec", typeof(LeakHuntTests).Assembly.Location, "-noColor", "-noLogo",
                "-namespace", "SessionLifetime.Tests.Http", "-namespace", "SessionLifetime.Tests.Realtime", "-class-", "SessionLifetime.Tests.Http.MemoryTests",
            },
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(8));
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        Assert.True(process.ExitCode == 0, await output + await errors);
    }
}
