using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Razor.TagHelpers;

namespace SessionLifetime;

/// <summary>The tags of the browser module for pages that are not written in Razor.</summary>
public static class SessionLifetimeTagsExtensions
{
    /// <summary>
    /// The HTML that <c>&lt;session-lifetime /&gt;</c> writes, for another view engine: the module's script tag, and what
    /// <c>AddNavigationRelay()</c> and <c>AddCookieTransport()</c> add to it. Write it into the page as it is, once, and ask for it anew for
    /// each page: it names the session the page is rendered for, and holds one-time tokens of it. It is not for caches.
    /// </summary>
    /// <param name="context">The request of the page.</param>
    /// <param name="attributes">Options of the module, <c>data-keep-alive</c> for example, and their values; null for none.</param>
    /// <returns>HTML, encoded: write it as it is.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="context"/> is null.</exception>
    /// <exception cref="ArgumentException">A name does not begin with <c>data-</c>, or has other characters than letters, digits and hyphens.</exception>
    /// <exception cref="InvalidOperationException"><c>AddSessionLifetime()</c> or <c>MapSessionLifetime()</c> was not called.</exception>
    public static string GetSessionLifetimeTags(this HttpContext context, IEnumerable<KeyValuePair<string, string>>? attributes = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Write(context, nonce: null, attributes);
    }

    /// <summary>As the other overload, for a page whose content security policy asks for a nonce.</summary>
    /// <param name="context">The request of the page.</param>
    /// <param name="nonce">The nonce of the page, which stands on every script tag. Made anew for each answer.</param>
    /// <param name="attributes">Options of the module, <c>data-keep-alive</c> for example, and their values; null for none.</param>
    /// <returns>HTML, encoded: write it as it is.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="context"/> or <paramref name="nonce"/> is null.</exception>
    /// <exception cref="ArgumentException">
    /// <paramref name="nonce"/> is empty. A name does not begin with <c>data-</c>, or has other characters than letters, digits and hyphens.
    /// </exception>
    /// <exception cref="InvalidOperationException"><c>AddSessionLifetime()</c> or <c>MapSessionLifetime()</c> was not called.</exception>
    public static string GetSessionLifetimeTags(this HttpContext context, string nonce, IEnumerable<KeyValuePair<string, string>>? attributes = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentException.ThrowIfNullOrEmpty(nonce);
        return Write(context, nonce, attributes);
    }

    private static string Write(HttpContext context, string? nonce, IEnumerable<KeyValuePair<string, string>>? attributes)
    {
        var output = new TagHelperOutput("session-lifetime", [], static (_, _) => Task.FromResult<TagHelperContent>(new DefaultTagHelperContent()));
        foreach (var (name, value) in attributes ?? [])
        {
            if (!name.StartsWith("data-", StringComparison.Ordinal) || name.Any(static character => !char.IsAsciiLetterOrDigit(character) && character != '-'))
            {
                throw new ArgumentException($"'{name}' is no name of an option: data-keep-alive is one.", nameof(attributes));
            }

            output.Attributes.SetAttribute(name, value);
        }

        if (nonce is not null)
        {
            output.Attributes.SetAttribute("nonce", nonce);
        }

        SessionLifetimeTagHelper.Write(context.RequestServices, context, output);
        using var html = new StringWriter();
        output.WriteTo(html, HtmlEncoder.Default);
        return html.ToString();
    }
}
