using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using SessionLifetime.Http.Reading;

namespace SessionLifetime.Http.Navigation;

/// <summary>
/// Sees to redirects that are made before a request comes to <c>UseSessionLifetime()</c>: to the sign-in page above all, by an authorization
/// that stands before it. The token such a request brought is not spent, but was written for this address: the answer writes it anew for the
/// one it leads to.
/// </summary>
internal sealed class EarlyRedirects(TimeProvider time) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, following) =>
        {
            if (context.Request.Headers.Cookie.Count > 0 && PlainNavigation.IsOwn(context.Request) && RelayCookie.For(context.Request) is [var cookie, ..])
            {
                context.Response.OnStarting(() => FollowAsync(context, cookie));
            }

            return following(context);
        });
        next(app);
    };

    private Task FollowAsync(HttpContext context, RelayCookie cookie)
    {
        var response = context.Response;
        var location = response.Headers.Location.ToString();
        if (response.StatusCode is >= 300 and < 400 && RequestState.Find(context)?.Plain is null && NavigationRelay.LeadsHere(context.Request, location))
        {
            NavigationRelay.Write(context, cookie with { Time = time.GetUtcNow().ToUnixTimeMilliseconds(), Target = RelayCookie.TargetOfRedirect(context.Request, location) });
        }

        return Task.CompletedTask;
    }
}
