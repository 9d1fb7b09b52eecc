using DesktopInATab;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddSingleton<RunningDesktops>();
builder.Services
    .AddSessionLifetime(builder.Configuration.GetSection("SessionLifetime"))
    .AddSessionScoped<OrderDesk>();

var app = builder.Build();
app.UseDefaultFiles();
app.UseStaticFiles();
app.UseRouting();
app.UseSessionLifetime();
app.MapSessionLifetime();

// Every tab has its own OrderDesk, as every window of a desktop program has its own form: it is simply injected. Its requests run one at a
// time, so it needs no locks.
var desk = app.MapGroup("/desk").RequireTabSession().SerializePerSession();
desk.MapGet("", (OrderDesk desk) => desk.Show());
desk.MapPost("/cart/{item}", (OrderDesk desk, string item) => desk.Add(item) ? Results.Ok(desk.Show()) : Results.NotFound());
desk.MapDelete("/cart/{item}", (OrderDesk desk, string item) =>
{
    desk.Remove(item);
    return desk.Show();
});
desk.MapPut("/document", (OrderDesk desk, OrderDocument document) =>
{
    desk.Document = document;
    return desk.Show();
});
desk.MapPost("/order", (OrderDesk desk) => desk.Order() ? Results.Ok(desk.Show()) : Results.Conflict());

// How many live on the server now. The page polls it, so it has nothing to do with sessions.
app.MapGet("/running", (RunningDesktops running) => new { running.Count }).DisableTabSession();

app.Run();
