using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using SessionLifetime.Tests.Scoping;
using SessionLifetime.Configuration;
using SessionLifetime.Directories;
using SessionLifetime.Ids;
using SessionLifetime.Tests.Http;

namespace SessionLifetime.Tests.HttpSession;

/// <summary>The framework's own session, backed by the tab's: what code that knows only <see cref="ISession"/> relies on.</summary>
public sealed class HttpSessionTests
{
    [Fact]
    public async Task Reading_needs_no_session_and_starts_none()
    {
        await using var app = await StartAsync();
        var answer = (await app.GetAsync("/read", id: null)).Is(HttpStatusCode.OK);

        Assert.Equal("available=False id= keys= name=", answer.Text);
        Assert.Null(answer.Header("X-Session-Id"));
        Assert.Equal(0, app.Sessions.Count);
        (await app.SendAsync(HttpMethod.Post, "/clear", id: null)).Is(HttpStatusCode.OK);
        (await app.SendAsync(HttpMethod.Post, "/remove", id: null)).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task What_one_request_sets_the_next_reads_and_no_other_session_does()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        (await app.SendAsync(HttpMethod.Post, "/set", id)).Is(HttpStatusCode.OK);

        var publicId = (await app.StatusAsync(id)).String("session");
        Assert.Equal($"available=True id={publicId} keys=bytes,count,name name=Ada 7 1-2-3", (await app.GetAsync("/read", id)).Text);
        Assert.EndsWith("keys= name=", (await app.GetAsync("/read", await app.StartSessionAsync())).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exit_handlers_read_what_it_held_and_nobody_reads_it_later()
    {
        var held = new TaskCompletionSource<IReadOnlyDictionary<string, byte[]>>();
        TabSession? ended = null;
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.Sessions = sessions => sessions.AddHttpSession().OnApplicationExit(context =>
            {
                ended = context.Session;
                held.TrySetResult(context.Session.GetHttpSessionValues());
            });
            setup.Map = static web => web.MapPost("/set", static (HttpContext context) => context.Session.SetString("name", "Ada"));
        });
        var id = await app.StartSessionAsync();
        (await app.SendAsync(HttpMethod.Post, "/set", id)).Is(HttpStatusCode.OK);
        (await app.ExitAsync(id)).Is(HttpStatusCode.NoContent);

        var values = await held.Task;
        Assert.Equal("Ada"u8.ToArray(), Assert.Single(values, static pair => pair.Key == "name").Value);
        await SessionApp.EventuallyAsync(() => ended!.GetHttpSessionValues().Count == 0);
    }

    [Fact]
    public async Task Remove_and_Clear_and_an_empty_value()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        await app.SendAsync(HttpMethod.Post, "/set", id);
        await app.SendAsync(HttpMethod.Post, "/remove", id);
        Assert.Contains("keys=bytes,count name= ", (await app.GetAsync("/read", id)).Text, StringComparison.Ordinal);
        await app.SendAsync(HttpMethod.Post, "/clear", id);
        Assert.Contains("keys= name=", (await app.GetAsync("/read", id)).Text, StringComparison.Ordinal);
        Assert.Equal("0", (await app.GetAsync("/empty", id)).Text);
    }

    [Fact]
    public async Task Requests_that_write_different_keys_at_once_are_all_kept()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        await Task.WhenAll(Enumerable.Range(0, 64).Select(key => app.SendAsync(HttpMethod.Post, $"/write/{key}", id)));

        Assert.Equal(64, (await app.GetAsync("/keys", id)).Text.Split(',').Length);
    }

    [Fact]
    public async Task Values_come_back_equal_and_are_copies()
    {
        await using var app = await StartAsync();

        Assert.Equal("True True True", (await app.GetAsync("/copies", await app.StartSessionAsync())).Text);
    }

    [Fact]
    public async Task Large_values_fit_and_what_is_too_large_is_refused_with_the_limit_s_name_and_changes_nothing()
    {
        await using var app = await StartAsync(static options => (options.MaxKeyLength, options.MaxValueSize, options.MaxTotalSize) = (10, 1_000_000, 2_500_000));
        var id = await app.StartSessionAsync();

        Assert.Equal("1000000", (await app.GetAsync("/large?size=1000000", id)).Text);
        Assert.Contains("MaxValueSize allows 1000000", (await app.GetAsync("/large?size=1000001", id)).Text, StringComparison.Ordinal);
        Assert.Contains("MaxKeyLength allows 10", (await app.GetAsync("/large?size=1&key=elevenchars", id)).Text, StringComparison.Ordinal);
        Assert.Equal("1000000", (await app.GetAsync("/large?size=1000000&key=second", id)).Text);
        Assert.Contains("MaxTotalSize allows 2500000", (await app.GetAsync("/large?size=1000000&key=third", id)).Text, StringComparison.Ordinal);
        Assert.Equal("1000000", (await app.GetAsync("/large?size=1000000&key=second", id)).Text);
        Assert.Equal("second,value", (await app.GetAsync("/keys", id)).Text);
    }

    [Fact]
    public async Task After_the_end_nothing_is_readable_and_a_write_says_so()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        await app.SendAsync(HttpMethod.Post, "/set", id);
        Assert.Equal("available=False keys= The session has ended: it holds nothing any more, and takes nothing.", (await app.GetAsync("/exit", id)).Text);

        Assert.Contains("available=False id= keys=", (await app.GetAsync("/read", id)).Text, StringComparison.Ordinal);
        Assert.Contains("leads to no living session", (await app.GetAsync("/try", id)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_commit_after_the_response_has_started_is_no_fault_and_the_write_is_kept()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();

        Assert.Equal("begun ended", (await app.GetAsync("/streams", id)).Text);
        Assert.Equal("late", (await app.GetAsync("/keys", id)).Text);
    }

    [Fact]
    public async Task A_write_without_a_session_says_what_to_do()
    {
        await using var app = await StartAsync();
        var fault = (await app.GetAsync("/try", id: null)).Text;

        Assert.Contains("no session id", fault, StringComparison.Ordinal);
        Assert.Contains("browser module", fault, StringComparison.Ordinal);
        Assert.Contains("RequireTabSession()", fault, StringComparison.Ordinal);
        Assert.Contains("StartOnWrite", fault, StringComparison.Ordinal);
        Assert.Equal(0, app.Sessions.Count);
    }

    [Fact]
    public async Task Where_the_app_allows_it_a_write_starts_a_session_and_hands_out_its_id()
    {
        await using var app = await StartAsync(static options => options.StartOnWrite = true);
        Assert.StartsWith("available=True id= ", (await app.GetAsync("/read", id: null)).Text, StringComparison.Ordinal);
        Assert.Equal(0, app.Sessions.Count);

        var answer = (await app.SendAsync(HttpMethod.Post, "/set", id: null)).Is(HttpStatusCode.OK);
        var id = answer.Header("X-Session-Id");
        Assert.Equal(22, id!.Length);
        Assert.Contains("no-store", answer.Header("Cache-Control"), StringComparison.Ordinal);
        Assert.Equal(1, app.Sessions.Count);
        Assert.Contains("name=Ada", (await app.GetAsync("/read", id)).Text, StringComparison.Ordinal);
        (await app.AttachAsync(id)).Is(HttpStatusCode.OK);

        // The request that started it has let go of it.
        Assert.True(SessionId.TryParse(id, out var secret) && app.App.Services.GetRequiredService<SessionDirectory>().TryGet(secret, out var entry) && !entry.HasRequests);
        (await app.ExitAsync(id)).Is(HttpStatusCode.NoContent);
    }

    [Theory]
    [InlineData("/try", "AAAAAAAAAAAAAAAAAAAAAA", false, "leads to no living session")]
    [InlineData("/try-disabled", null, false, "DisableTabSession()")]
    [InlineData("/try", null, true, "prefetched")]
    [InlineData("/try-late", null, false, "response has started")]
    public async Task Also_there_some_requests_start_none(string path, string? id, bool isSpeculative, string reason)
    {
        await using var app = await StartAsync(static options => options.StartOnWrite = true);
        var answer = await app.GetAsync(path, id, request =>
        {
            if (isSpeculative)
            {
                request.Headers.Add("Sec-Purpose", "prefetch");
            }
        });

        Assert.Contains(reason, answer.Text, StringComparison.Ordinal);
        Assert.Equal(0, app.Sessions.Count);
    }

    [Fact]
    public async Task A_full_store_refuses_it_and_two_writes_of_one_request_start_one()
    {
        await using var app = await StartAsync(static options => options.StartOnWrite = true, static setup => setup.Options = static options => options.MaxSessions = 1);
        (await app.SendAsync(HttpMethod.Post, "/set", id: null)).Is(HttpStatusCode.OK);
        Assert.Equal(1, app.Sessions.Count);
        Assert.Contains("As many sessions live", (await app.GetAsync("/try", id: null)).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/state/temp")]
    [InlineData("/Temp")]
    public async Task TempData_lives_for_one_more_request_in_MVC_and_in_Razor_Pages(string path)
    {
        await using var app = await StartAsync(setup: static setup =>
        {
            setup.Services = static builder =>
            {
                builder.Services.AddControllersWithViews().AddApplicationPart(typeof(TempController).Assembly).AddSessionStateTempDataProvider();
                builder.Services.AddRazorPages().AddSessionStateTempDataProvider();
            };
            setup.Map += static app =>
            {
                app.MapControllers();
                app.MapRazorPages();
            };
        });
        var id = await app.StartSessionAsync();
        Assert.Equal("nothing", (await app.GetAsync(path, id)).Is(HttpStatusCode.OK).Text.Trim());
        (await app.SendAsync(HttpMethod.Post, path, id)).Is(HttpStatusCode.OK);
        Assert.Equal("nothing", (await app.GetAsync(path, await app.StartSessionAsync())).Text.Trim());
        Assert.Equal("saved", (await app.GetAsync(path, id)).Text.Trim());
        Assert.Equal("nothing", (await app.GetAsync(path, id)).Text.Trim());
        Assert.Equal("nothing", (await app.GetAsync(path, id: null)).Text.Trim());
    }

    [Fact]
    public void A_bad_set_of_limits_is_refused_with_every_fault_named()
    {
        var faults = new HttpSessionOptionsValidator().Validate(null, new() { MaxKeyLength = 0, MaxValueSize = -1, MaxTotalSize = 0 }).Failures!;

        Assert.Equal(
            ["HttpSessionOptions.MaxKeyLength must be at least 1; it is 0.", "HttpSessionOptions.MaxValueSize must be at least 0; it is -1.", "HttpSessionOptions.MaxTotalSize must be at least 1; it is 0."],
            faults);
    }

    [Fact]
    public async Task They_are_checked_at_start() =>
        await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(static options => options.MaxTotalSize = 0));

    private static Task<SessionApp> StartAsync(Action<HttpSessionOptions>? options = null, Action<SessionAppSetup>? setup = null) => SessionApp.StartAsync(made =>
    {
        made.Sessions = sessions => sessions.AddHttpSession(options);
        made.Map = static app =>
        {
            app.MapGet("/read", static (HttpContext context) =>
            {
                var session = context.Session;
                var rest = session.GetInt32("count") is { } count ? $" {count} {string.Join('-', session.Get("bytes")!)}" : "";
                return $"available={session.IsAvailable} id={session.Id} keys={string.Join(',', session.Keys.Order())} name={session.GetString("name")}{rest}";
            });
            app.MapGet("/keys", static (HttpContext context) => string.Join(',', context.Session.Keys.Order()));
            app.MapPost("/set", static async (HttpContext context) =>
            {
                await context.Session.LoadAsync();
                context.Session.SetString("name", "Ada");
                context.Session.SetInt32("count", 7);
                context.Session.Set("bytes", [1, 2, 3]);
                await context.Session.CommitAsync();
            });
            app.MapPost("/remove", static (HttpContext context) => context.Session.Remove("name"));
            app.MapPost("/clear", static (HttpContext context) => context.Session.Clear());
            app.MapPost("/write/{key}", static (string key, HttpContext context) => context.Session.SetString(key, key));
            app.MapGet("/empty", static (HttpContext context) =>
            {
                context.Session.Set("empty", []);
                return context.Session.Get("empty")!.Length;
            });
            app.MapGet("/copies", static (HttpContext context) =>
            {
                var sent = RandomNumberGenerator.GetBytes(1000);
                var kept = sent.ToArray();
                context.Session.Set("value", sent);
                sent[0]++;
                var read = context.Session.Get("value")!;
                var isEqual = read.SequenceEqual(kept);
                read[1]++;
                return $"{isEqual} {context.Session.Get("value")!.SequenceEqual(kept)} {!sent.SequenceEqual(kept)}";
            });
            app.MapGet("/large", static (HttpContext context, int size, string? key) => SessionScopedTests.Try(() =>
            {
                context.Session.Set(key ?? "value", new byte[size]);
                return $"{context.Session.Get(key ?? "value")!.Length}";
            }));
            app.MapGet("/exit", static async (HttpContext context) =>
            {
                await context.GetTabSession()!.ExitAsync();
                context.Session.Remove("name");
                return $"available={context.Session.IsAvailable} keys={string.Join(',', context.Session.Keys)} " + Write(context);
            });
            app.MapGet("/try", Write);
            app.MapGet("/try-disabled", Write).DisableTabSession();
            app.MapGet("/try-late", static async (HttpContext context) =>
            {
                await context.Response.WriteAsync("begun ");
                await context.Response.Body.FlushAsync();
                await context.Response.WriteAsync(Write(context));
            });
            app.MapGet("/streams", static async (HttpContext context) =>
            {
                await context.Response.WriteAsync("begun ");
                await context.Response.Body.FlushAsync();
                context.Session.SetString("late", "late");
                await context.Session.CommitAsync();
                await context.Response.WriteAsync("ended");
            });
        };
        setup?.Invoke(made);
    });

    private static string Write(HttpContext context) => SessionScopedTests.Try(() =>
    {
        context.Session.SetString("name", "Ada");
        return "written";
    });
}

public sealed class TempController : Controller
{
    [HttpGet("/state/temp")]
    public string Read() => (string?)TempData["message"] ?? "nothing";

    [HttpPost("/state/temp")]
    public void Save() => TempData["message"] = "saved";
}

[IgnoreAntiforgeryToken]
public sealed class TempModel : PageModel
{
    [TempData]
    public string? Message { get; set; }

    public IActionResult OnPost()
    {
        Message = "saved";
        return new OkResult();
    }
}
