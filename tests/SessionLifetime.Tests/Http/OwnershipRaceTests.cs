using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Directories;
using SessionLifetime.Engine;
using SessionLifetime.Ids;

namespace SessionLifetime.Tests.Http;

/// <summary>Races for whose a session is, on real threads: one browser wins, one user wins, and nothing is left behind.</summary>
public sealed class OwnershipRaceTests
{
    private const string CookieName = "SessionLifetime.Browser";
    private const int Requests = 64;
    private const int Rounds = 15;

    [Fact]
    public async Task Of_two_browsers_that_come_first_at_once_exactly_one_has_the_session()
    {
        await using var app = await SessionApp.StartAsync(WithUsers);
        for (var round = 0; round < Rounds; round++)
        {
            var id = await app.StartSessionAsync();
            BrowserKey[] keys = [BrowserKey.Create(), BrowserKey.Create()];

            var answers = await TogetherAsync(n => app.PingAsync(id, with: request => request.Headers.Add("Cookie", $"{CookieName}={keys[n % 2].Reveal()}")));

            var winner = answers[0].Status == HttpStatusCode.OK ? 0 : 1;
            for (var n = 0; n < Requests; n++)
            {
                if (n % 2 == winner)
                {
                    answers[n].Is(HttpStatusCode.OK);
                }
                else
                {
                    answers[n].IsProblem(HttpStatusCode.Forbidden, "wrongBrowser");
                }
            }

            Assert.Single(await app.Sessions.ListAsync(new SessionQuery { BrowserId = keys[winner].ToId().ToString() }));
            Assert.Empty(await app.Sessions.ListAsync(new SessionQuery { BrowserId = keys[1 - winner].ToId().ToString() }));
            Assert.Equal((1, 0), CountGroups(app));
            (await app.CallAsync(HttpMethod.Post, "/exit", id, with: request => request.Headers.Add("Cookie", $"{CookieName}={keys[winner].Reveal()}")))
                .Is(HttpStatusCode.NoContent);
            Assert.Equal((0, 0), CountGroups(app));
        }
    }

    [Fact]
    public async Task Of_two_users_who_come_first_at_once_exactly_one_has_the_session()
    {
        await using var app = await SessionApp.StartAsync(WithUsers);
        for (var round = 0; round < Rounds; round++)
        {
            var id = await app.StartSessionAsync();
            string[] users = ["ada", "bob"];

            var answers = await TogetherAsync(n => app.PingAsync(id, with: request => request.Headers.Add("X-Test-User", users[n % 2])));

            var winner = answers[0].Status == HttpStatusCode.OK ? 0 : 1;
            for (var n = 0; n < Requests; n++)
            {
                if (n % 2 == winner)
                {
                    answers[n].Is(HttpStatusCode.OK);
                }
                else
                {
                    answers[n].IsProblem(HttpStatusCode.Forbidden, "wrongUser");
                }
            }

            // All who were told of a new id were told of the same one.
            var newer = Assert.Single(answers.Where(static answer => answer.Status == HttpStatusCode.OK && answer.Id is not null).Select(static answer => answer.Id).Distinct());
            Assert.NotEqual(id, newer);
            Assert.Single(await app.Sessions.ListAsync(new SessionQuery { User = users[winner] }));
            Assert.Empty(await app.Sessions.ListAsync(new SessionQuery { User = users[1 - winner] }));
            Assert.Equal((0, 1), CountGroups(app));
            (await app.ExitAsync(newer)).Is(HttpStatusCode.NoContent);
            Assert.Equal((0, 0), CountGroups(app));
        }
    }

    [Fact]
    public async Task First_requests_against_the_end_leave_no_owner_behind()
    {
        await using var app = await SessionApp.StartAsync(WithUsers);
        for (var round = 0; round < Rounds; round++)
        {
            var id = await app.StartSessionAsync();
            var key = BrowserKey.Create().Reveal();

            var answers = await TogetherAsync(n => n == Requests / 2
                ? app.CallAsync(HttpMethod.Post, "/exit", id, with: With)
                : app.PingAsync(id, with: With));

            Assert.All(answers, static answer => Assert.True(
                answer.Status is HttpStatusCode.OK or HttpStatusCode.Gone or HttpStatusCode.NoContent, answer.ToString()));
            Assert.Equal((0, 0), CountGroups(app));
            Assert.Equal(0, app.Sessions.Count);

            void With(HttpRequestMessage request)
            {
                request.Headers.Add("Cookie", $"{CookieName}={key}");
                request.Headers.Add("X-Test-User", "ada");
            }
        }
    }

    [Fact]
    public async Task Users_released_and_claimed_at_once_are_counted_right()
    {
        await using var app = await SessionApp.StartAsync(WithUsers);
        for (var round = 0; round < Rounds; round++)
        {
            var attached = await app.AttachAsync();
            var id = attached.Id!;
            var session = (await app.Sessions.FindAsync(attached.String("session")!))!;
            string[] users = ["ada", "bob", "cid"];

            await TogetherAsync(async n =>
            {
                if (n % 4 == 3)
                {
                    await session.ReleaseUserAsync();
                    return attached;
                }

                var answer = await app.PingAsync(id, with: request => request.Headers.Add("X-Test-User", users[n % 4]));
                Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.Forbidden, answer.ToString());
                return answer;
            });

            foreach (var user in users)
            {
                var list = await app.Sessions.ListAsync(new SessionQuery { User = user });
                Assert.Equal(session.User == user ? 1 : 0, list.Count);
            }

            Assert.Equal((0, session.User is null ? 0 : 1), CountGroups(app));
            await session.ExitAsync();
            Assert.Equal((0, 0), CountGroups(app));
        }
    }

    /// <summary>Whom the header <c>X-Test-User</c> names is signed in.</summary>
    internal static void WithUsers(SessionAppSetup setup) => setup.Before = SignIn;

    internal static void SignIn(WebApplication app) => app.Use(static (context, next) =>
    {
        if (context.Request.Headers["X-Test-User"] is [{ Length: > 0 } user])
        {
            context.User = new ClaimsPrincipal(new ClaimsIdentity([new(ClaimTypes.NameIdentifier, user)], "test"));
        }

        return next(context);
    });

    /// <summary>How many groups of browsers and of users the store keeps.</summary>
    internal static (int Browsers, int Users) CountGroups(SessionApp app) =>
        app.App.Services.GetRequiredService<SessionEngine>().Directory.CountGroups();

    /// <summary>All of them at one moment, each on a thread of the pool.</summary>
    internal static async Task<Answer[]> TogetherAsync(Func<int, Task<Answer>> request, int count = Requests)
    {
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answers = Enumerable.Range(0, count).Select(n => Task.Run(async () =>
        {
            await start.Task;
            return await request(n);
        })).ToArray();
        start.SetResult();
        return await Task.WhenAll(answers);
    }
}
