using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Tests.Http;

/// <summary>An app in which a session can end for every reason but a limit and the end of the process.</summary>
internal static class EndableApp
{
    public static readonly TimeSpan Absolute = TimeSpan.FromHours(2);

    public static Task<SessionApp> StartAsync(Action<SessionAppSetup>? configure = null) => SessionApp.StartAsync(setup =>
    {
        setup.Options = static options => options.AbsoluteTimeout = Absolute;
        configure?.Invoke(setup);
        var inner = setup.Map;
        setup.Map = app =>
        {
            inner(app);
            app.MapPost("/self-destruct", static (HttpContext context) => context.GetTabSession()!.SelfDestruct(TimeSpan.FromSeconds(10)));
        };
    });

    /// <summary>Starts a session, and ends it for this reason. Nobody has looked at it since, except for an exit.</summary>
    public static async Task<string> EndAsync(SessionApp app, string reason)
    {
        var answer = await app.AttachAsync();
        var id = answer.Id!;
        switch (Enum.Parse<SessionEndReason>(reason))
        {
            case SessionEndReason.Exited:
                (await app.ExitAsync(id)).Is(HttpStatusCode.NoContent);
                break;
            case SessionEndReason.IdleTimeout:
                app.Time.Advance(TimeSpan.FromMinutes(20));
                (await app.PingAsync(id)).Is(HttpStatusCode.OK);
                app.Time.Advance(TimeSpan.FromMinutes(20));
                break;
            case SessionEndReason.SignalLost:
                app.Time.Advance(TimeSpan.FromMinutes(40));
                break;
            case SessionEndReason.SelfDestructed:
                (await app.SendAsync(HttpMethod.Post, "/self-destruct", id)).Is(HttpStatusCode.OK);
                app.Time.Advance(TimeSpan.FromSeconds(10));
                break;
            case SessionEndReason.AbsoluteTimeout:
                for (var passed = TimeSpan.Zero; passed < Absolute; passed += TimeSpan.FromMinutes(15))
                {
                    (await app.ActivityAsync(id)).Is(HttpStatusCode.OK);
                    app.Time.Advance(TimeSpan.FromMinutes(15));
                }

                break;
            case SessionEndReason.Revoked:
                Assert.True(await app.Sessions.EndAsync(answer.String("session")!));
                break;
            default:
                Assert.Fail("No way to end a session by " + reason);
                break;
        }

        return id;
    }
}
