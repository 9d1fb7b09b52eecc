using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime.Tests.Http;

/// <summary>What a request may still see and use of its session when the rest of the pipeline is done with it.</summary>
public sealed class RequestEndTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_callback_of_the_completed_response_sees_its_own_session_whoever_came_since(bool kestrel)
    {
        TaskCompletionSource completed = NewSignal(), go = NewSignal(), inside = NewSignal(), leave = NewSignal();
        var seen = new TaskCompletionSource<(string? Session, IServiceProvider Services)>();
        string? own = null;
        IServiceProvider? others = null;
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.Kestrel = kestrel;
            setup.Before = web => web.Use((context, next) =>
            {
                if (context.Request.Path == "/first")
                {
                    // Registered before the session's own, so called after it.
                    context.Response.OnCompleted(async () =>
                    {
                        completed.SetResult();
                        await go.Task;
                        seen.SetResult((context.GetTabSession()?.Id, context.RequestServices));
                    });
                }

                return next(context);
            });
            setup.Map = web =>
            {
                web.MapGet("/first", (HttpContext context) => own = context.GetTabSession()!.Id);
                web.MapGet("/second", async (HttpContext context) =>
                {
                    others = context.RequestServices;
                    inside.SetResult();
                    await leave.Task;
                });
            };
        });
        var first = app.GetAsync("/first", await app.StartSessionAsync(), static request => request.Headers.ConnectionClose = true);
        await completed.Task;
        var second = app.GetAsync("/second", await app.StartSessionAsync("other", "other"));
        await inside.Task;
        go.SetResult();

        var (session, services) = await seen.Task;

        leave.SetResult();
        await first;
        await second;
        Assert.Equal(own, session);
        Assert.NotSame(others, services);
    }

    [Fact]
    public async Task The_error_page_of_a_request_that_ended_its_session_has_none()
    {
        await using var app = await SessionApp.StartAsync(static setup =>
        {
            setup.ExpectsErrors = true;
            setup.Before = static web => web.UseExceptionHandler("/error");
            setup.Map = static web =>
            {
                web.MapGet("/fail", static async (HttpContext context) =>
                {
                    await context.GetTabSession()!.ExitAsync();
                    throw new InvalidOperationException("provoked");
                });
                web.MapGet("/error", static (HttpContext context) => context.GetTabSession()?.State.ToString() ?? "none");
            };
        });

        var answer = await app.GetAsync("/fail", await app.StartSessionAsync());

        Assert.Equal(("none", "ended"), (answer.Text, answer.Header("X-Session-State")));
    }

    [Fact]
    public async Task What_a_scope_was_lent_while_another_stood_in_is_not_disposed_with_it()
    {
        await using var app = await SessionApp.StartAsync(static setup =>
        {
            setup.Sessions = static builder => builder.AddSessionScoped<Owned>();
            setup.Map = static web =>
            {
                web.MapGet("/one", static async (HttpContext context) =>
                {
                    var own = context.RequestServices;
                    await using var other = own.CreateAsyncScope();
                    context.RequestServices = other.ServiceProvider;
                    _ = context.RequestServices;
                    own.GetRequiredService<Owned>();
                    context.RequestServices = own;
                });
                web.MapGet("/two", static (Owned owned) => owned.Disposed);
            };
        });
        var id = await app.StartSessionAsync();
        await app.GetAsync("/one", id);

        Assert.Equal("0", (await app.GetAsync("/two", id)).Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_session_that_a_write_starts_while_the_response_starts_is_handed_out(bool kestrel)
    {
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.Kestrel = kestrel;
            setup.Sessions = static builder => builder.AddHttpSession(static http => http.StartOnWrite = true);
            setup.Map = static web => web.MapGet("/write", static (HttpContext context) =>
            {
                // As TempData is saved.
                context.Response.OnStarting(() =>
                {
                    context.Session.SetString("a", "b");
                    return Task.CompletedTask;
                });
                return "written";
            });
        });

        var answer = await app.GetAsync("/write", id: null);

        Assert.Equal((1L, true), (app.Sessions.Count, answer.Header("X-Session-Id") is not null));
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Owned : IDisposable
    {
        public int Disposed { get; private set; }

        public void Dispose() => Disposed++;
    }
}
