using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>How the module names pages and tabs. The server keeps names of this form as numbers, inside the session.</summary>
public sealed class PageNameTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase]
    public async Task Pages_and_tabs_have_names_of_128_bits_in_22_characters(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var tab = 0; tab < 8; tab++)
        {
            var page = await (await BrowserAsync(engine)).NewTabAsync();
            await page.GoToAsync(server.Url);
            await server.WaitForCallsAsync("attach", tab + 1);
            var body = server.Calls("attach")[tab].Json;
            foreach (var name in new[] { body.GetProperty("page").GetString()!, body.GetProperty("tab").GetString()! })
            {
                // The last character has the two bits that are left: every other one would be another spelling.
                Assert.Matches("^[A-Za-z0-9_-]{21}[AQgw]$", name);
                Assert.True(names.Add(name));
            }
        }
    }
}
