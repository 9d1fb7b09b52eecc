using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using SessionLifetime.Http.Reading;

namespace SessionLifetime.Http.Lifecycle;

/// <summary>
/// Keeps a sliding cookie sign-in from sliding with an open page: requests that tell nothing of the user do not renew it. A stretch
/// does, by asking for the page as long as it is open.
/// </summary>
/// <remarks>
/// It hooks into every cookie scheme's <c>OnCheckSlidingExpiration</c>. Schemes whose events come from a type of the app's own
/// (<c>EventsType</c>) are left alone: that type decides.
/// </remarks>
internal sealed class SlidingSignIn(IOptions<SessionLifetimeOptions> options) : IPostConfigureOptions<CookieAuthenticationOptions>
{
    private static readonly object s_withheld = new();

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

                // As the framework renews: from now on, for as long as it was issued for.
                var renewed = context.Properties.Clone();
                renewed.IssuedUtc += context.ElapsedTime;
                renewed.ExpiresUtc += context.ElapsedTime;
                context.HttpContext.Items[s_withheld] = new AuthenticationTicket(context.Principal!, renewed, context.Scheme.Name);
            }
        };
    }

    /// <summary>The request turned out to be a stretch: what was withheld is made good.</summary>
    public static async ValueTask RenewAsync(HttpContext context)
    {
        if (context.Items.Remove(s_withheld, out var value) && value is AuthenticationTicket ticket)
        {
            await context.SignInAsync(ticket.AuthenticationScheme, ticket.Principal, ticket.Properties);
        }
    }

    private static bool TellsNothing(HttpContext context) =>
        Speculation.IsSpeculative(context.Request)
        || context.GetEndpoint()?.Metadata.GetMetadata<SessionSignalAttribute>() is { Signal: not SessionSignal.Activity };
}
