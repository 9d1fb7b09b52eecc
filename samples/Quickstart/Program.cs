using Quickstart;
using SessionLifetime;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddSingleton<EventList>();
builder.Services
    .AddSessionLifetime(builder.Configuration.GetSection("SessionLifetime"))
    .AddSessionScoped<TabCounter>()     // one for each tab
    .AddHandler<EventRecorder>();

// The framework's own session, to compare: one for all tabs, and no event when it ends.
builder.Services.AddDistributedMemoryCache();
builder.Services.AddSession();

var app = builder.Build();
app.Services.GetRequiredService<EventList>();
app.UseDefaultFiles();
app.UseStaticFiles();
app.UseRouting();
app.UseSession();
app.UseSessionLifetime();
app.MapSessionLifetime();

// Counts in both sessions.
app.MapPost("/count", (HttpContext context, TabCounter tab) =>
{
    tab.Increment();
    context.Session.SetInt32("count", (context.Session.GetInt32("count") ?? 0) + 1);
}).RequireTabSession();

// The page polls this, which says nothing of its user.
app.MapGet("/count", (HttpContext context, SessionScoped<TabCounter> tab) => new { tab = tab.ValueIfAny?.Value, framework = context.Session.GetInt32("count") ?? 0 })
    .WithSessionSignal(SessionSignal.None);

// An ordinary endpoint counts as activity of the user. This one cannot be reached without a living session.
app.MapPost("/work", (HttpContext context) => Results.Ok(new { session = context.GetTabSession()!.Id, done = "something" }))
    .RequireTabSession();

// Polling says that the page is open, and nothing of its user.
app.MapGet("/poll", (HttpContext context) => Results.Ok(new { session = context.GetTabSession()?.Id }))
    .WithSessionSignal(SessionSignal.Alive);

// While a request runs, its session's clocks stand still.
app.MapGet("/slow", async (double? seconds, CancellationToken aborted) =>
{
    var duration = TimeSpan.FromSeconds(seconds >= 0 ? Math.Min(seconds.Value, 3600) : 1);
    await Task.Delay(duration, aborted);
    return Results.Ok(new { took = duration.TotalSeconds });
});

// The session ends after that many seconds, unless it is heard of again.
app.MapPost("/self-destruct", (HttpContext context, double? seconds) =>
{
    var after = TimeSpan.FromSeconds(seconds >= 0 ? Math.Min(seconds.Value, 86_400) : 10);
    context.GetTabSession()!.SelfDestruct(after);
    return Results.Ok(new { inSeconds = after.TotalSeconds });
}).RequireTabSession();

// Signs out: the session ends, and the browser goes to a page that starts none.
app.MapPost("/leave", (HttpContext context) => context.ExitAndRedirectAsync("/bye.html"));

// What the server has heard of. The page polls it, so it has nothing to do with sessions.
app.MapGet("/events", (EventList events) => events.ToArray()).DisableTabSession();

app.Run();
