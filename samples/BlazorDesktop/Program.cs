using BlazorDesktop;
using BlazorDesktop.Components;

var builder = WebApplication.CreateBuilder(args);

// Blazor's own script comes from a package; also where the sample runs from its build output in Production.
builder.WebHost.UseStaticWebAssets();
builder.Services.AddSingleton<EventList>();
builder.Services
    .AddSessionLifetime(builder.Configuration.GetSection("SessionLifetime"))
    .AddSessionScoped<Desktop>()
    .AddHandler<EventRecorder>();

// The one line more: circuits belong to their tab's session.
builder.Services.AddRazorComponents().AddInteractiveServerComponents().AddSessionLifetime();

var app = builder.Build();
app.UseSessionLifetime();
app.UseAntiforgery();
app.MapStaticAssets();
app.MapSessionLifetime();
app.MapRazorComponents<App>().AddInteractiveServerRenderMode();

app.Run();
