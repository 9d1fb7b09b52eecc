using System.Net;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Html;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Rendering;
using Microsoft.AspNetCore.Razor.TagHelpers;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime.Tests.Http;

/// <summary>Pages that say good-bye, or that a session has expired: whatever their layout writes, they start no session.</summary>
public sealed class NeverStartTests
{
    [Theory]
    [InlineData("/never")]
    [InlineData("/never-html")]
    [InlineData("/expired")]
    public async Task A_tag_that_says_never_and_the_expired_page_tell_the_module_to_start_none(string path)
    {
        await using var app = await StartAsync();

        var page = (await app.GetAsync(path, id: null)).Is(HttpStatusCode.OK).Text;

        Assert.Contains("data-start=\"never\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain(" start=", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_pages_render_the_tags_without_that_attribute_and_a_word_of_no_meaning_is_refused()
    {
        await using var app = await StartAsync();

        var page = (await app.GetAsync("/page", id: null)).Is(HttpStatusCode.OK).Text;
        Assert.Contains("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("start=", page, StringComparison.Ordinal);
        Assert.Contains("never", (await app.GetAsync("/wrong", id: null)).Text, StringComparison.Ordinal);
    }

    private static Task<SessionApp> StartAsync() => SessionApp.StartAsync(static setup =>
    {
        setup.Options = static options => options.ExpiredPath = "/expired";
        setup.Sessions = static sessions => sessions.AddNavigationRelay().AddCookieTransport();
        setup.Map = static web =>
        {
            web.MapGet("/never", static (HttpContext context) => Razor(context, "never"));
            web.MapGet("/never-html", static (HttpContext context) => Razor(context, new HtmlString("never")));
            web.MapGet("/expired", static (HttpContext context) => Razor(context, start: null));
            web.MapGet("/page", static (HttpContext context) => Razor(context, ""));
            web.MapGet("/wrong", static (HttpContext context) => Assert.Throws<ArgumentException>(() => Razor(context, "later")).Message);
        };
    });

    private static string Razor(HttpContext context, object? start)
    {
        var output = new TagHelperOutput(
            "session-lifetime",
            start is null ? [] : [new TagHelperAttribute("start", start)],
            static (_, _) => Task.FromResult<TagHelperContent>(new DefaultTagHelperContent()));
        new SessionLifetimeTagHelper(context.RequestServices) { ViewContext = new ViewContext { HttpContext = context } }
            .Process(new TagHelperContext([], new Dictionary<object, object>(), "one"), output);
        using var html = new StringWriter();
        output.WriteTo(html, HtmlEncoder.Default);
        return html.ToString();
    }
}
