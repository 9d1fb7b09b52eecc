using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Rendering;
using Microsoft.AspNetCore.Mvc.ViewFeatures;
using Microsoft.AspNetCore.Razor.TagHelpers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using SessionLifetime.Browser;

namespace SessionLifetime;

/// <summary>
/// Renders the script tag that starts the browser module, with the address the app has mapped it to and the version of its content, so
/// that browsers may cache it permanently: <c>&lt;session-lifetime /&gt;</c>. Attributes that begin with <c>data-</c> are options of the
/// module; <c>start="never"</c> is for pages that say good-bye: they join the session of their tab, and start none. The page for expired sessions
/// (<c>ExpiredPath</c>) is such a page.
/// </summary>
/// <remarks>
/// <para>
/// Put it into the page, once. It needs <c>@addTagHelper *, SessionLifetime</c>. Other view engines write
/// <see cref="SessionLifetimeTagsExtensions.GetSessionLifetimeTags"/>.
/// </para>
/// <para>
/// With <c>AddNavigationRelay()</c> it also renders the tag of the relay, with the public id of the session the page is rendered
/// for. A page whose session was started on the server carries a one-time token, by which the module takes the session over. With <c>AddCookieTransport()</c> it
/// renders, inside <c>noscript</c>, the hidden frame that keeps the session of a browser without script; a frame has no place in
/// the head, so put it into the body then.
/// </para>
/// </remarks>
/// <param name="services">The request's services.</param>
[HtmlTargetElement("session-lifetime", TagStructure = TagStructure.NormalOrSelfClosing)]
public sealed class SessionLifetimeTagHelper(IServiceProvider services) : TagHelper
{
    private static readonly SessionLifetimeOptions s_defaults = new();

    /// <summary>The view it stands in.</summary>
    /// <value>Set by the framework before <see cref="Process"/>.</value>
    [HtmlAttributeNotBound]
    [ViewContext]
    public ViewContext ViewContext { get; set; } = default!;

    /// <summary>Writes the tags; called by Razor.</summary>
    /// <param name="context">What the view says of the element.</param>
    /// <param name="output">The element, which becomes the script tag.</param>
    /// <exception cref="ArgumentNullException"><paramref name="output"/> is null.</exception>
    /// <exception cref="InvalidOperationException"><c>AddSessionLifetime()</c> or <c>MapSessionLifetime()</c> was not called.</exception>
    public override void Process(TagHelperContext context, TagHelperOutput output)
    {
        ArgumentNullException.ThrowIfNull(output);
        Write(services, ViewContext.HttpContext, output);
    }

    /// <summary>Makes an element the tag, with all that belongs to it.</summary>
    internal static void Write(IServiceProvider services, HttpContext context, TagHelperOutput output)
    {
        var address = services.GetService<BrowserModuleAddress>()
            ?? throw new InvalidOperationException("<session-lifetime> needs the services of SessionLifetime: call builder.Services.AddSessionLifetime().");
        var options = services.GetRequiredService<IOptions<SessionLifetimeOptions>>().Value;

        output.TagName = "script";
        output.TagMode = TagMode.StartTagAndEndTag;
        output.Attributes.SetAttribute("type", "module");
        if (output.Attributes.TryGetAttribute("start", out var start))
        {
            output.Attributes.Remove(start);
            output.Attributes.SetAttribute("data-start", start.Value);
        }
        else if (options.ExpiredPath is { Length: > 0 } expired && context.Request.Path == expired)
        {
            // The user has just been told that the session ended.
            SetUnlessDefault("data-start", "never", "always");
        }

        output.Attributes.SetAttribute("src", address.For(context.Request));
        output.Attributes.SetAttribute(new TagHelperAttribute("data-session-lifetime", value: null, HtmlAttributeValueStyle.Minimized));
        SetUnlessDefault("data-id-header", options.IdHeaderName, s_defaults.IdHeaderName);
        SetUnlessDefault("data-page-header", options.PageHeaderName, s_defaults.PageHeaderName);
        services.GetRequiredService<PlainPageMarkup>().Render(context, output);

        void SetUnlessDefault(string name, string value, string usual)
        {
            if (!string.Equals(value, usual, StringComparison.Ordinal) && !output.Attributes.ContainsName(name))
            {
                output.Attributes.SetAttribute(name, value);
            }
        }
    }
}
