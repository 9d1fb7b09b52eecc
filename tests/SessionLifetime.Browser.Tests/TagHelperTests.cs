using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Rendering;
using Microsoft.AspNetCore.Razor.TagHelpers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SessionLifetime.Browser.Tests;

public sealed class TagHelperTests
{
    [Fact]
    public async Task It_renders_the_script_tag_of_the_mapped_module_with_path_base_and_version()
    {
        await using var app = await StartAsync(map: static app => app.MapGroup("/of").MapSessionLifetime("/this-app"));
        var output = Render(app.Services, pathBase: "/shop");

        Assert.Equal("script", output.TagName);
        Assert.Equal(TagMode.StartTagAndEndTag, output.TagMode);
        Assert.Equal("module", output.Attributes["type"].Value);
        Assert.Matches("^/shop/of/this-app/session-lifetime\\.js\\?v=[A-Za-z0-9_-]{20}$", (string)output.Attributes["src"].Value);
        Assert.Equal(HtmlAttributeValueStyle.Minimized, output.Attributes["data-session-lifetime"].ValueStyle);
        Assert.Equal(["type", "src", "data-session-lifetime"], output.Attributes.Select(attribute => attribute.Name));
    }

    [Fact]
    public async Task Header_names_of_the_app_are_handed_on_and_attributes_of_the_page_are_left_as_they_are()
    {
        await using var app = await StartAsync(static options => (options.IdHeaderName, options.PageHeaderName) = ("X-Tab", "X-View"));
        var output = Render(app.Services, "", new TagHelperAttribute("data-storage", "browser"), new TagHelperAttribute("data-page-header", "X-Own"));

        Assert.Equal("X-Tab", output.Attributes["data-id-header"].Value);
        Assert.Equal("X-Own", output.Attributes["data-page-header"].Value);
        Assert.Equal("browser", output.Attributes["data-storage"].Value);
    }

    [Fact]
    public async Task An_app_that_forgot_a_call_is_told_which()
    {
        await using var unmapped = await StartAsync(map: static _ => { });
        await using var nothing = new ServiceCollection().BuildServiceProvider();

        Assert.Contains("app.MapSessionLifetime()", Assert.Throws<InvalidOperationException>(() => Render(unmapped.Services)).Message);
        Assert.Contains("AddSessionLifetime()", Assert.Throws<InvalidOperationException>(() => Render(nothing)).Message);
    }

    [Fact]
    public async Task In_a_Razor_page_it_leads_to_the_module_that_may_be_kept_for_ever()
    {
        await using var app = await StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        var html = await client.GetStringAsync(new Uri("/shop", UriKind.Relative));
        var tag = Regex.Match(html, """<script (?<options>[^>]*)type="module" src="(?<src>[^"]*)" data-session-lifetime></script>""");

        Assert.True(tag.Success, html);
        Assert.Equal("data-keep-alive=\"stretch\"", tag.Groups["options"].Value.Trim());
        using var module = await client.GetAsync(new Uri(tag.Groups["src"].Value, UriKind.Relative));
        Assert.Contains("immutable", module.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/documented-tag", "data-keep-alive=\"stretch\" ")]
    [InlineData("/documented", "")]
    public async Task As_the_pages_of_the_repository_write_it(string page, string options)
    {
        await using var app = await StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        var html = await client.GetStringAsync(new Uri(page, UriKind.Relative));

        Assert.Matches($"""<script {options}type="module" src="/_session/session-lifetime\.js\?v=[^"]*" data-session-lifetime></script>""", html);
        Assert.DoesNotContain("<session-lifetime", html, StringComparison.Ordinal);
    }

    private static async Task<WebApplication> StartAsync(Action<SessionLifetimeOptions>? configure = null, Action<WebApplication>? map = null)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSessionLifetime(options => configure?.Invoke(options));
        builder.Services.AddRazorPages().AddApplicationPart(typeof(TagHelperTests).Assembly);
        var app = builder.Build();
        app.UseSessionLifetime();
        app.MapRazorPages();
        (map ?? (static app => app.MapSessionLifetime()))(app);
        await app.StartAsync();
        return app;
    }

    private static TagHelperOutput Render(IServiceProvider services, string pathBase = "", params TagHelperAttribute[] attributes)
    {
        var request = new DefaultHttpContext { Request = { PathBase = pathBase } };
        var helper = new SessionLifetimeTagHelper(services) { ViewContext = new ViewContext { HttpContext = request } };
        var output = new TagHelperOutput("session-lifetime", new(attributes), (_, _) => Task.FromResult<TagHelperContent>(new DefaultTagHelperContent()));
        helper.Process(new TagHelperContext(new(attributes), new Dictionary<object, object>(), "1"), output);
        return output;
    }
}
