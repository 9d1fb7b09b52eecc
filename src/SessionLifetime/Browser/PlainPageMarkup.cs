using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Razor.TagHelpers;
using SessionLifetime.Configuration;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Navigation;
using SessionLifetime.Http.Reading;

namespace SessionLifetime.Browser;

/// <summary>Adds to the module's script tag what the module must know of the session the page is rendered for; never its id.</summary>
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
            // Before the module: it must be listening when the module raises its first event.
            var tag = $"""<script type="module" src="{Encode(address.Sibling(context.Request, RelayModule.FileName))}?v={relay.Version}" data-session-lifetime-relay data-path="{Encode(CookieRules.PathOf(context.Request))}"{Verification(context, request)}{Nonce(output)}></script>""";
            output.PreElement.AppendHtml(tag);
        }

        if (cookie is not null)
        {
            output.PostElement.AppendHtml(
                $"""<noscript><iframe src="{Encode(address.Sibling(context.Request, "stretch"))}" title="Keep-alive" hidden></iframe></noscript>""");
        }
    }

    /// <summary>
    /// The public id of the session the page is rendered for: the module reloads a page that was rendered for another session. A page of an endpoint
    /// without sessions has none. The answer to a form is not reloaded, since that would send the form again.
    /// </summary>
    private string Verification(HttpContext context, PlainRequest? request) =>
        RequestClassification.IsDisabled(context.GetEndpoint()?.Metadata) ? ""
        : $" data-rendered-for=\"{request?.Entry?.Id.ToString()}\"{First(request)}{(HttpMethods.IsGet(context.Request.Method) ? "" : " data-answers-form")}";

    /// <summary>The nonce of the module's tag: a content security policy asks for it on each script.</summary>
    private static string Nonce(TagHelperOutput output)
    {
        if (!output.Attributes.TryGetAttribute("nonce", out var nonce))
        {
            return "";
        }

        using var text = new StringWriter();
        text.Write(' ');
        nonce.WriteTo(text, HtmlEncoder.Default);
        return text.ToString();
    }

    /// <summary>The first token, for a user who follows a link before the module has received tokens.</summary>
    private string First(PlainRequest? request) =>
        request is { Entry: { } entry } && navigations?.Issue(entry, request.Sent, request.Browser, 1) is [var token, ..] ? $" data-token=\"{token}\"" : "";

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}
