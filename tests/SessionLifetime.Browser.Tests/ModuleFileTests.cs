using System.Text.RegularExpressions;

namespace SessionLifetime.Browser.Tests;

/// <summary>The file itself: its types, what must not be in it, and what becomes of it on its way.</summary>
public sealed class ModuleFileTests
{
    private const string TypeScript = "typescript@5.9.3";
    private const string EsBuild = "esbuild@0.25.12";

    private const string Minify = """
        const [esbuild, file] = process.argv.slice(1);
        const { code } = require(esbuild).transformSync(require('fs').readFileSync(file, 'utf8'), { minify: true, charset: 'utf8' });
        process.stdout.write(code);
        """;

    private static readonly string[] s_optional = ["session-lifetime-signalr", "session-lifetime-blazor"];

    private static string Work { get; } = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "npm")).FullName;

    private static string Compiler { get; } = Path.Combine(Work, "node_modules", "typescript", "bin", "tsc");

    [Fact]
    public async Task TypeScript_finds_no_fault_in_the_module_and_its_types_agree_with_its_declarations()
    {
        await InstallAsync();
        // The declarations would hide the module, were it beside them under the same name.
        var declarations = Path.ChangeExtension(RepositoryFiles.Module, ".d.ts");
        File.Copy(RepositoryFiles.Module, Path.Combine(Work, "implementation.js"), overwrite: true);
        File.Copy(declarations, Path.Combine(Work, "session-lifetime.d.ts"), overwrite: true);
        File.Copy(RepositoryFiles.Relay, Path.Combine(Work, "relay.js"), overwrite: true);
        var modules = Directory.CreateDirectory(Path.Combine(Work, "modules")).FullName;
        File.Copy(declarations, Path.Combine(modules, "session-lifetime.d.ts"), overwrite: true);
        foreach (var optional in s_optional)
        {
            File.Copy(Path.Combine(RepositoryFiles.Browser, optional + ".js"), Path.Combine(modules, optional + ".js"), overwrite: true);
            File.Copy(Path.Combine(RepositoryFiles.Browser, optional + ".d.ts"), Path.Combine(Work, optional + ".d.ts"), overwrite: true);
        }

        await File.WriteAllTextAsync(Path.Combine(Work, "agreement.ts"),
            """
            import * as implementation from './implementation.js';
            import { start, SessionCountdown, type Controller, type Options } from './session-lifetime.js';

            const declared: { start: typeof start; SessionCountdown: new () => SessionCountdown } = implementation;
            const options: Options = { storage: 'browser', keepAlive: 'stretch', strings: { title: 'Hello?' } };
            const session: Controller = declared.start(options);
            session.addEventListener('sessionlifetime:ended', event => event.detail.reason satisfies string | null);
            document.addEventListener('sessionlifetime:timeout', event => event.detail.countdownMs.toFixed());
            document.createElement('session-countdown').close();

            import * as signalRs from './modules/session-lifetime-signalr.js';
            import * as declaredSignalR from './session-lifetime-signalr.js';
            import * as blazors from './modules/session-lifetime-blazor.js';
            import * as declaredBlazor from './session-lifetime-blazor.js';

            declaredSignalR.signalR({ logger: 1 }).logger.toFixed();
            signalRs.signalR({ logger: 1 }).WebSocket satisfies typeof WebSocket;
            const made: WebSocket = new signalRs.SessionWebSocket('/x', ['chat']);
            const stream: Pick<EventSource, 'url' | 'readyState' | 'withCredentials' | 'close'> = new signalRs.SessionEventSource('/x', { withCredentials: true });
            signalRs satisfies Pick<typeof declaredSignalR, 'current' | 'SessionWebSocket'>;
            blazors satisfies typeof declaredBlazor;
            """);
        await File.WriteAllTextAsync(Path.Combine(Work, "tsconfig.json"),
            """
            {
              "compilerOptions": {
                "noEmit": true, "strict": true, "allowJs": true, "checkJs": true, "types": [],
                "target": "esnext", "module": "esnext", "moduleResolution": "bundler", "lib": ["esnext", "dom", "dom.iterable"]
              },
              "files": ["agreement.ts", "implementation.js", "relay.js", "session-lifetime.d.ts", "modules/session-lifetime-signalr.js", "modules/session-lifetime-blazor.js"]
            }
            """);
        await Requirement.RunNodeAsync("node", Compiler, "--project", Work);
    }

    [Fact]
    public async Task It_uses_nothing_that_a_strict_policy_forbids_and_leaves_no_global()
    {
        var code = await File.ReadAllTextAsync(RepositoryFiles.Module);
        var relay = await File.ReadAllTextAsync(RepositoryFiles.Relay);

        Assert.DoesNotMatch(@"innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.style\b|setInterval|'unload'", code + relay);
        Assert.DoesNotMatch("unload'", code);
        Assert.DoesNotMatch(new Regex("^(?:var |window\\.|import )", RegexOptions.Multiline), code);
        foreach (var optional in s_optional)
        {
            Assert.DoesNotMatch(@"innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.style\b|setInterval|unload'", await File.ReadAllTextAsync(Path.Combine(RepositoryFiles.Browser, optional + ".js")));
        }
    }

    [Fact]
    public async Task What_is_served_differs_from_the_source_in_comments_and_white_space_only()
    {
        await using var server = await NavigationServer.StartAsync();
        using var client = new HttpClient();
        var served = Path.Combine(Work, "served.js");
        await InstallAsync();
        foreach (var name in s_optional.Concat(["session-lifetime", "session-lifetime-relay"]))
        {
            var source = Path.Combine(RepositoryFiles.Browser, name + ".js");
            await File.WriteAllTextAsync(served, await client.GetStringAsync(new Uri($"{server.Url}/_session/{name}.js")));
            Assert.True(new FileInfo(served).Length < new FileInfo(source).Length);
            Assert.Equal(await MinifyAsync(source), await MinifyAsync(served));
        }

        // A minifier leaves the indentation of the style sheet alone, which is a string to it.
        async Task<string> MinifyAsync(string file) => Regex.Replace(
            await Requirement.RunNodeAsync("node", "-e", Minify, Path.Combine(Work, "node_modules", "esbuild"), file), @"\s+", " ");
    }

    /// <summary>Installs the tools beside the tests at their first use.</summary>
    private static async Task InstallAsync()
    {
        if (!File.Exists(Compiler) || !Directory.Exists(Path.Combine(Work, "node_modules", "esbuild")))
        {
            var npm = OperatingSystem.IsWindows() ? "npm.cmd" : "npm";
            await Requirement.RunNodeAsync(npm, "install", "--no-save", "--no-package-lock", "--prefix", Work, TypeScript, EsBuild);
        }
    }
}
