using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using SessionLifetime.Http.Reading;

namespace SessionLifetime.Http.Navigation;

/// <summary>
/// Handles redirects by middleware that runs before <c>UseSessionLifetime()</c>, for example to the sign-in page by authorization. The token of such a
/// request is not used, but its cookie names the address of this request: the answer sets it again for the address of the redirect.
/// </summary>
internal sealed class EarlyRedirects(TimeProvider time) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, following) =>
        {
            if (context.Request.Headers.Cookie.Count > 0 && PlainNavigation.IsOwn(context.Request) && RelayCookie.For(context.Request) is [var likeliest, ..] found)
            {
                // What another site of the domain has planted names any time but now.
                var now = time.GetUtcNow();
                var cookie = found.FirstOrDefault(one => one.IsRecent(now), likeliest);
                context.Response.OnStarting(() => SetCookieAsync(context, cookie));
            }

            return following(context);
        });
        next(app);
    };

    private Task SetCookieAsync(HttpContext context, RelayCookie cookie)
    {
        var response = context.Response;
        var location = response.Headers.Location.ToString();
        if (response.StatusCode is >= 300 and < 400 && RequestState.Find(context)?.Plain is null && NavigationRelay.IsWithinSite(context.Request, location))
        {
            NavigationRelay.Write(context, cookie with { Time = time.GetUtcNow().ToUnixTimeMilliseconds(), Target = RelayCookie.TargetOfRedirect(context.Request, location) });
        }

        return Task.CompletedTask;
    }
}
