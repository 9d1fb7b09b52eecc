using System.Diagnostics;
using System.IO.Compression;
using System.Text.RegularExpressions;

namespace SessionLifetime.Browser.Tests;

/// <summary>The file itself: its types, its size, and what must not be in it.</summary>
public sealed class ModuleFileTests
{
    private const string TypeScript = "typescript@5.9.3";

    [Fact]
    public async Task TypeScript_finds_no_fault_in_the_module_and_its_types_agree_with_its_declarations()
    {
        var work = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "typescript"));
        if (!File.Exists(Path.Combine(work.FullName, "node_modules/typescript/bin/tsc")))
        {
            await RunAsync("npm", ["install", "--no-save", "--no-package-lock", "--prefix", work.FullName, TypeScript]);
        }

        // The declarations would hide the module, were it beside them under the same name.
        var declarations = Path.ChangeExtension(RepositoryFiles.Module, ".d.ts");
        File.Copy(RepositoryFiles.Module, Path.Combine(work.FullName, "implementation.js"), overwrite: true);
        File.Copy(declarations, Path.Combine(work.FullName, "session-lifetime.d.ts"), overwrite: true);
        await File.WriteAllTextAsync(Path.Combine(work.FullName, "agreement.ts"),
            """
            import * as implementation from './implementation.js';
            import { start, SessionCountdown, type Controller, type Options } from './session-lifetime.js';

            const declared: { start: typeof start; SessionCountdown: new () => SessionCountdown } = implementation;
            const options: Options = { storage: 'browser', keepAlive: 'stretch', strings: { title: 'Hello?' } };
            const session: Controller = declared.start(options);
            session.addEventListener('sessionlifetime:ended', event => event.detail.reason satisfies string | null);
            document.addEventListener('sessionlifetime:timeout', event => event.detail.countdownMs.toFixed());
            document.createElement('session-countdown').close();
            """);
        await File.WriteAllTextAsync(Path.Combine(work.FullName, "tsconfig.json"),
            """
            {
              "compilerOptions": {
                "noEmit": true, "strict": true, "allowJs": true, "checkJs": true, "types": [],
                "target": "esnext", "module": "esnext", "moduleResolution": "bundler", "lib": ["esnext", "dom", "dom.iterable"]
              },
              "files": ["agreement.ts", "implementation.js", "session-lifetime.d.ts"]
            }
            """);
        await RunAsync("node", [Path.Combine(work.FullName, "node_modules/typescript/bin/tsc"), "--project", work.FullName]);
    }

    [Fact]
    public async Task It_uses_nothing_that_a_strict_policy_forbids_and_leaves_no_global()
    {
        var code = await File.ReadAllTextAsync(RepositoryFiles.Module);

        Assert.DoesNotMatch(@"innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.style\b|setInterval|unload'", code);
        Assert.DoesNotMatch(new Regex("^(?:var |window\\.|import )", RegexOptions.Multiline), code);
    }

    [Fact]
    public async Task Without_its_comments_it_is_at_most_9_kilobytes()
    {
        var code = await File.ReadAllTextAsync(RepositoryFiles.Module);
        var lean = Regex.Replace(code, @"/\*\*.*?\*/ ?", "", RegexOptions.Singleline);
        lean = Regex.Replace(lean, @"^\s*(?://.*)?\n|^[ ]+", "", RegexOptions.Multiline);

        Assert.InRange(Brotli(lean), 1, 9 * 1024);
    }

    private static long Brotli(string text)
    {
        using var target = new MemoryStream();
        using (var brotli = new BrotliStream(target, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            brotli.Write(System.Text.Encoding.UTF8.GetBytes(text));
        }

        return target.Length;
    }

    private static async Task RunAsync(string command, string[] arguments)
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
    }
}
