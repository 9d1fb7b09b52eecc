using ChatHub;

var builder = WebApplication.CreateBuilder(args);
builder.Services
    .AddSessionLifetime(builder.Configuration.GetSection("SessionLifetime"))
    .AddSessionScoped<Guest>()
    .AddHandler<RoomKeeper>();
builder.Services.AddSingleton<Room>();

// Hub connections belong to their tab's session.
builder.Services.AddSignalR().AddSessionLifetime();

var app = builder.Build();
app.UseDefaultFiles();
app.UseStaticFiles();
app.UseRouting();
app.UseSessionLifetime();
app.MapSessionLifetime();
app.MapHub<RoomHub>("/room").RequireTabSession();

app.Run();
