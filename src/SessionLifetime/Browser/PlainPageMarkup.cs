using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Razor.TagHelpers;
using SessionLifetime.Configuration;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Navigation;
using SessionLifetime.Http.Reading;

namespace SessionLifetime.Browser;

/// <summary>What a page tells the browser of the session it was rendered with: never its id.</summary>
internal sealed class PlainPageMarkup(
    BrowserModuleAddress address,
    HandOvers handOvers,
    NavigationRelay? navigations = null,
    RelayModule? relay = null,
    TransportCookie? cookie = null)
{
    public void Render(HttpContext context, TagHelperOutput output)
    {
        var request = RequestState.Find(context)?.Plain;
        if (request is { Entry: { } entry } && handOvers.Issue(entry, request.Sent, request.Browser) is { } token)
        {
            output.Attributes.SetAttribute("data-hand-over", token);
        }

        if (relay is not null)
        {
            // In front of the module: it has to hear what the module says first.
            var tag = $"""<script type="module" src="{Encode(address.Sibling(context.Request, RelayModule.FileName))}?v={relay.Version}" data-session-lifetime-relay data-path="{Encode(CookieRules.PathOf(context.Request))}"{Verification(context, request)}></script>""";
            output.PreElement.AppendHtml(tag);
        }

        if (cookie is not null)
        {
            output.PostElement.AppendHtml(
                $"""<noscript><iframe src="{Encode(address.Sibling(context.Request, "stretch"))}" title="Keep-alive" hidden></iframe></noscript>""");
        }
    }

    /// <summary>
    /// Whose the page is, for the module to compare; a page that has nothing to do with sessions is everybody's. What a form has
    /// answered is not loaded anew: that would send the form again.
    /// </summary>
    private string Verification(HttpContext context, PlainRequest? request) =>
        RequestClassification.IsDisabled(context.GetEndpoint()?.Metadata) ? ""
        : $" data-rendered-for=\"{request?.Entry?.Id.ToString()}\"{First(request)}{(HttpMethods.IsGet(context.Request.Method) ? "" : " data-answers-form")}";

    /// <summary>A token to begin with: who follows a link before the module has been answered does not lose the session.</summary>
    private string First(PlainRequest? request) =>
        request is { Entry: { } entry } && navigations?.Issue(entry, request.Sent, request.Browser, 1) is [var token, ..] ? $" data-token=\"{token}\"" : "";

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}
