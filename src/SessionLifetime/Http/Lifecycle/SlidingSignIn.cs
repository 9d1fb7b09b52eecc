using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using SessionLifetime.Http.Navigation;
using SessionLifetime.Http.Reading;

namespace SessionLifetime.Http.Lifecycle;

/// <summary>
/// Keeps an open page from renewing a sliding cookie sign-in: requests that tell nothing of the user do not renew it. A stretch does: the user
/// wants the session, and the sign-in, to live as long as the page is open.
/// </summary>
/// <remarks>
/// It hooks into every cookie scheme's <c>OnCheckSlidingExpiration</c>. Schemes whose events come from a type of the app's own
/// (<c>EventsType</c>) are not changed: that type decides.
/// </remarks>
internal sealed class SlidingSignIn(IOptions<SessionLifetimeOptions> options) : IPostConfigureOptions<CookieAuthenticationOptions>
{
    public void PostConfigure(string? name, CookieAuthenticationOptions cookie)
    {
        if (options.Value.PingsSlideAuthentication || cookie.EventsType is not null)
        {
            return;
        }

        var inner = cookie.Events.OnCheckSlidingExpiration;
        cookie.Events.OnCheckSlidingExpiration = async context =>
        {
            await inner(context);
            if (context.ShouldRenew && TellsNothing(context.HttpContext))
            {
                context.ShouldRenew = false;

                // As the framework renews: the same duration, counted from now.
                var renewed = context.Properties.Clone();
                renewed.IssuedUtc += context.ElapsedTime;
                renewed.ExpiresUtc += context.ElapsedTime;
                RequestState.GetOrAdd(context.HttpContext).WithheldSignIn = new AuthenticationTicket(context.Principal!, renewed, context.Scheme.Name);
            }
        };
    }

    /// <summary>Renews the sign-in after all, if that was withheld: the request is a stretch.</summary>
    public static async ValueTask RenewAsync(HttpContext context)
    {
        if (RequestState.Find(context) is { WithheldSignIn: { } ticket } state)
        {
            state.WithheldSignIn = null;
            await context.SignInAsync(ticket.AuthenticationScheme, ticket.Principal, ticket.Properties);
        }
    }

    private static bool TellsNothing(HttpContext context) =>
        RequestClassification.HasSpeculativePurpose(context.Request)
        || context.GetEndpoint()?.Metadata.GetMetadata<SessionSignalAttribute>() is { Signal: not SessionSignal.Activity };
}
