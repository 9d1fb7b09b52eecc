using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace SessionLifetime.Tests.House;

/// <summary>The first steps of the root page, done as they are written: the package is made, a new app adds it, and runs the code of the page.</summary>
[CollectionDefinition(nameof(FirstStepsTests), DisableParallelization = true)]
[Collection(nameof(FirstStepsTests))]
public sealed partial class FirstStepsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("first-steps-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task TheFirstSteps_RunInANewWebApp()
    {
        var (packages, app) = (Path.Combine(_folder, "packages"), Path.Combine(_folder, "app"));
        var commands = RunBlocks.Package.Code.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Comment().Replace(line, "").Replace("~/packages", packages, StringComparison.Ordinal)).ToList();
        Assert.Equal(["dotnet pack", "dotnet add"], commands.Select(static command => string.Join(' ', command.Split(' ').Take(2))));

        // What these tests are built from is packed as it is: packing builds nothing anew beside tests that run.
        await RunAsync(HouseTests.Root(), $"{commands[0]} --no-build -c {Configuration()}");
        AssertPackage(packages);
        await RunAsync(_folder, "dotnet new web -o app --no-restore");
        await RunAsync(app, commands[1]);
        await File.WriteAllTextAsync(Path.Combine(app, "Program.cs"), RunBlocks.Program.Code);
        Directory.CreateDirectory(Path.Combine(app, "wwwroot"));
        await File.WriteAllTextAsync(Path.Combine(app, "wwwroot", "index.html"), RunBlocks.Tag.Code);
        await RunAsync(app, "dotnet build -c Release --no-restore -warnaserror");

        using var process = Start(app, Path.Combine("bin", "Release", "net10.0", "app.dll") + " --urls http://127.0.0.1:0");
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri(await AddressAsync(process)) };
            Assert.Equal(RunBlocks.Tag.Code, await client.GetStringAsync(new Uri("/", UriKind.Relative)));
            using (var module = await client.GetAsync(new Uri(Source().Match(RunBlocks.Tag.Code).Value, UriKind.Relative)))
            {
                Assert.Equal("text/javascript", module.Content.Headers.ContentType!.MediaType);
            }

            using (var answer = await client.PostAsync(new Uri("/work", UriKind.Relative), content: null))
            {
                Assert.Equal(HttpStatusCode.PreconditionRequired, answer.StatusCode);
            }

            using var attached = await client.PostAsJsonAsync(new Uri("/_session/attach", UriKind.Relative), new { page = "page" });
            var session = await attached.Content.ReadFromJsonAsync<JsonElement>();
            Assert.InRange(session.GetProperty("timeoutInMs").GetInt64(), 170_000, 180_000);
            client.DefaultRequestHeaders.Add("X-Session-Id", session.GetProperty("id").GetString());
            using (var answer = await client.PostAsync(new Uri("/work", UriKind.Relative), content: null))
            {
                Assert.Equal($"Done in session {session.GetProperty("session").GetString()}.", await answer.Content.ReadAsStringAsync());
            }

            using var left = await client.PostAsync(new Uri("/_session/exit", UriKind.Relative), content: null);
            Assert.Equal(HttpStatusCode.NoContent, left.StatusCode);
            await ReadUntilAsync(process, $"Session {session.GetProperty("session").GetString()} ended: Exited");
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
    }

    /// <summary>The package has its own page, the module's types, and no other page of the repository.</summary>
    private static void AssertPackage(string packages)
    {
        using var package = ZipFile.OpenRead(Assert.Single(Directory.EnumerateFiles(packages, "*.nupkg")));
        var page = Assert.Single(package.Entries, static entry => entry.Name.EndsWith(".md", StringComparison.OrdinalIgnoreCase));
        using var reader = new StreamReader(page.Open());

        Assert.Equal("README.md", page.FullName);
        Assert.Equal(DocumentationPage.Of("src/SessionLifetime/README.md").Text, reader.ReadToEnd());
        Assert.Contains(package.Entries, static entry => entry.FullName == "types/session-lifetime.d.ts");
        Assert.DoesNotContain(typeof(TabSession).Assembly.GetManifestResourceNames(), static name => name.EndsWith(".md", StringComparison.OrdinalIgnoreCase));
    }

    private static string Configuration() =>
        new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)).Parent!.Name;

    private async Task RunAsync(string folder, string command)
    {
        using var process = Start(folder, command[(command.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{command}\n{output}");
    }

    private Process Start(string folder, string arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };

        // A cache of its own: packages of the same version made before are not taken for this one.
        if (folder.StartsWith(_folder, StringComparison.Ordinal))
        {
            start.Environment["NUGET_PACKAGES"] = Path.Combine(_folder, "cache");
        }

        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        return Process.Start(start)!;
    }

    private static async Task<string> AddressAsync(Process process) =>
        Address().Match(await ReadUntilAsync(process, "Now listening on: ")).Value;

    private static async Task<string> ReadUntilAsync(Process process, string text)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return line;
            }
        }

        throw new InvalidOperationException($"The app ended and did not write \"{text}\".");
    }

    [GeneratedRegex(@" +#.*$")]
    private static partial Regex Comment();

    [GeneratedRegex("(?<=src=\")[^\"]*")]
    private static partial Regex Source();

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+", RegexOptions.ExplicitCapture)]
    private static partial Regex Address();
}
