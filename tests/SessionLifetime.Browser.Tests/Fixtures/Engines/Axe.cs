using Deque.AxeCore.Commons;

namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>axe-core, which runs in the page.</summary>
internal static class Axe
{
    private static readonly string s_script = new BundledAxeScriptProvider().GetScript();

    /// <summary>The rules that the page breaks, each with the first element that does.</summary>
    public static async Task<string[]> AxeAsync(this IEngineTab tab, TestServer server)
    {
        server.Pages["/axe.js"] = s_script;
        return await tab.CallAsync<string[]>(
            """
            async () => {
              if (!window.axe) await new Promise((done, fail) => document.head.append(Object.assign(document.createElement('script'), { src: '/axe.js', onload: done, onerror: fail })));
              return (await axe.run()).violations.map(({ id, nodes }) => `${id} ${nodes[0].html}`);
            }
            """);
    }
}
