using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SessionLifetime.Configuration;

namespace SessionLifetime.Browser;

/// <summary>The address to which the app has mapped the browser module, with the prefixes of all groups.</summary>
internal sealed class BrowserModuleAddress(EndpointDataSource endpoints, BrowserModule module)
{
    private string? _path;

    /// <summary>The module's address for a page of this request, path base and version included.</summary>
    /// <exception cref="InvalidOperationException"><c>MapSessionLifetime()</c> was not called.</exception>
    public string For(HttpRequest request) => BrowserAddress.Below(request.PathBase, $"{_path ??= Find()}?v={module.Version.Value}");

    /// <summary>The address of another call under the same prefix.</summary>
    public string Sibling(HttpRequest request, string name)
    {
        var path = _path ??= Find();
        return BrowserAddress.Below(request.PathBase, $"{path[..^BrowserModule.FileName.Length]}{name}");
    }

    private string Find() =>
        endpoints.Endpoints.OfType<RouteEndpoint>().FirstOrDefault(static endpoint => endpoint.Metadata.GetMetadata<BrowserModuleMetadata>() is not null)
            is { RoutePattern.RawText: { } pattern }
            ? "/" + pattern.TrimStart('/')
            : throw new InvalidOperationException("<session-lifetime> needs the browser module: call app.MapSessionLifetime().");
}
