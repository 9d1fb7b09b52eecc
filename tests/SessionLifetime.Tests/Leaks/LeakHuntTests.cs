using System.Diagnostics;
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
    private const int SecretLength = SessionId.TextLength;

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
                if (Find(line, secrets) is { } secret)
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

        Assert.Equal(secret, Find(secret, secrets));
        Assert.Equal(secret, Find($"log Some.Category | GET https://host/path?id={secret}&x=1 | ", secrets));
        Assert.Equal(secret, Find($"a{secret}b", secrets));
        Assert.Equal(secret, Find($"Value: '{secret}'", secrets));
        Assert.Equal(secret, Find($"--{secret}", secrets));
        Assert.Null(Find("", secrets));
        Assert.Null(Find(secret[1..], secrets));
        Assert.Null(Find(SessionId.Create().Reveal(), secrets));
    }

    /// <summary>The first secret in a text; null when there is none.</summary>
    private static string? Find(string line, HashSet<string> secrets)
    {
        var lookup = secrets.GetAlternateLookup<ReadOnlySpan<char>>();
        var length = 0;
        for (var index = 0; index < line.Length; index++)
        {
            length = char.IsAsciiLetterOrDigit(line[index]) || line[index] is '-' or '_' ? length + 1 : 0;
            if (length >= SecretLength && lookup.TryGetValue(line.AsSpan(index + 1 - SecretLength, SecretLength), out var secret))
            {
                return secret;
            }
        }

        return null;
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
                "-namespace", "SessionLifetime.Tests.Http", "-class-", "SessionLifetime.Tests.Http.MemoryTests",
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
