using Microsoft.AspNetCore.Authentication.Cookies;
using RazorShop;

var builder = WebApplication.CreateBuilder(args);
builder.Services
    .AddSessionLifetime(builder.Configuration.GetSection("SessionLifetime"))
    .AddNavigationRelay()           // with script: links and forms have the session of their tab
    .AddCookieTransport()           // without: the browser has one
    .AddHttpSession()               // for TempData
    .AddSessionScoped<Order>();     // one for each tab

builder.Services.AddRazorPages().AddSessionStateTempDataProvider();
builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(cookie =>
{
    cookie.LoginPath = "/SignIn";
    cookie.ExpireTimeSpan = builder.Configuration.GetValue("SignInLasts", TimeSpan.FromMinutes(20));
    cookie.SlidingExpiration = true;
});

var app = builder.Build();
app.UseStaticFiles();
app.UseRouting();
app.UseAuthentication();
app.UseAuthorization();
app.UseSessionLifetime();
app.MapSessionLifetime();
app.MapRazorPages();
app.Run();
