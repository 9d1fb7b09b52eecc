using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Browser;

/// <summary>The parts of the browser module for apps with the navigation relay: for their pages, and for the page that looks up a tab's session.</summary>
internal sealed class RelayModule
{
    public const string FileName = "session-lifetime-relay.js";

    public const string TabFileName = "session-lifetime-tab.js";

    private readonly BrowserModule _file = new(FileName);
    private readonly BrowserModule _tabFile = new(TabFileName);

    public string Version => _file.Version.Value;

    public string TabVersion => _tabFile.Version.Value;

    public Task ServeAsync(HttpContext context) => _file.ServeAsync(context);

    public Task ServeTabAsync(HttpContext context) => _tabFile.ServeAsync(context);
}
