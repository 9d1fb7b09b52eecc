using System.Text.Encodings.Web;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Html;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Rendering;
using Microsoft.AspNetCore.Razor.TagHelpers;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime.Tests.Http.Navigation;

/// <summary>Pages whose content security policy asks for a nonce on each script.</summary>
public sealed partial class NonceTests
{
    [Theory]
    [InlineData("/calls")]
    [InlineData("/calls-with-options")]
    [InlineData("/razor-text")]
    [InlineData("/razor-html")]
    public async Task The_nonce_stands_on_every_script_tag(string path)
    {
        await using var app = await StartAsync();

        var scripts = Scripts().Matches((await app.GetAsync(path, id: null)).Text);

        Assert.Equal(2, scripts.Count);
        Assert.All(scripts, static script => Assert.Contains(" nonce=\"a&#x2B;b&quot;c\"", script.Value, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_nonce_there_is_none_and_an_empty_one_is_refused()
    {
        await using var app = await StartAsync();

        Assert.DoesNotContain("nonce", (await app.GetAsync("/plain", id: null)).Text, StringComparison.Ordinal);
        Assert.Equal("nonce", (await app.GetAsync("/empty", id: null)).Text);
    }

    [GeneratedRegex("<script[^>]*>", RegexOptions.None, 1000)]
    private static partial Regex Scripts();

    private static Task<SessionApp> StartAsync() => SessionApp.StartAsync(static setup =>
    {
        setup.Sessions = static sessions => sessions.AddNavigationRelay();
        setup.Map = static web =>
        {
            web.MapGet("/calls", static (HttpContext context) => context.GetSessionLifetimeTags("a+b\"c"));
            web.MapGet("/calls-with-options", static (HttpContext context) => context.GetSessionLifetimeTags("a+b\"c", [new("data-keep-alive", "off")]));
            web.MapGet("/plain", static (HttpContext context) => context.GetSessionLifetimeTags());
            web.MapGet("/empty", static (HttpContext context) => Assert.Throws<ArgumentException>(() => context.GetSessionLifetimeTags("")).ParamName);
            web.MapGet("/razor-text", static (HttpContext context) => Razor(context, "a+b\"c"));
            web.MapGet("/razor-html", static (HttpContext context) => Razor(context, new HtmlString("a&#x2B;b&quot;c")));
        };
    });

    /// <summary>What Razor does with the element.</summary>
    private static string Razor(HttpContext context, object nonce)
    {
        var output = new TagHelperOutput(
            "session-lifetime",
            [new TagHelperAttribute("nonce", nonce)],
            static (_, _) => Task.FromResult<TagHelperContent>(new DefaultTagHelperContent()));
        new SessionLifetimeTagHelper(context.RequestServices) { ViewContext = new ViewContext { HttpContext = context } }
            .Process(new TagHelperContext([], new Dictionary<object, object>(), "one"), output);
        using var html = new StringWriter();
        output.WriteTo(html, HtmlEncoder.Default);
        return html.ToString();
    }
}
