using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Browser;

/// <summary>The part of the browser module for apps with the navigation relay.</summary>
internal sealed class RelayModule
{
    public const string FileName = "session-lifetime-relay.js";

    private readonly BrowserModule _file = new(FileName);

    public string Version => _file.Version.Value;

    public Task ServeAsync(HttpContext context) => _file.ServeAsync(context);
}
