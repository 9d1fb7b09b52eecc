using System.Net;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime.Tests.Http;

/// <summary>Attaches of one browser that come at once, where the newest displaces the oldest: each is answered as the protocol says.</summary>
public sealed class DisplacedAttachTests
{
    [Fact]
    public async Task A_newcomer_that_the_next_one_displaces_before_its_answer_is_answered_as_created()
    {
        var first = new Gate();
        var count = 0;
        await using var app = await StartAsync(1, builder => builder.OnSessionStarted(async (_, _) =>
        {
            if (Interlocked.Increment(ref count) == 2)
            {
                await first.PassAsync(CancellationToken.None);
            }
        }));
        var key = (await Visitor.ArriveAsync(app)).Key;
        var displaced = new Visitor(app) { Key = key };
        var attaching = displaced.AttachAsync();
        await first.Entered;

        var last = new Visitor(app) { Key = key };
        Assert.Equal("created", (await last.AttachAsync()).Is(HttpStatusCode.Created).String("outcome"));
        first.Open();

        Assert.Equal("created", (await attaching).Is(HttpStatusCode.Created).String("outcome"));
        Assert.Equal("Displaced", (await displaced.PingAsync()).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
        (await last.PingAsync()).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_page_whose_session_is_displaced_while_it_resumes_starts_another()
    {
        var resuming = new Gate();
        await using var app = await StartAsync(1, builder => builder.OnSessionResumed((_, _) => new(resuming.PassAsync(CancellationToken.None))));
        var tab = await Visitor.ArriveAsync(app);
        var attaching = tab.AttachAsync();
        await resuming.Entered;
        (await new Visitor(app) { Key = tab.Key }.AttachAsync()).Is(HttpStatusCode.Created);
        resuming.Open();

        var answer = (await attaching).Is(HttpStatusCode.Created);

        Assert.Equal(("restarted", "ended", "Displaced"), (
            answer.String("outcome"),
            answer["previous"].GetProperty("state").GetString(),
            answer["previous"].GetProperty("reason").GetString()));
    }

    [Fact]
    public async Task Eight_at_once_again_and_again_are_all_answered_by_a_row_of_the_table()
    {
        await using var app = await StartAsync(2, static builder => builder.OnSessionStarted(static _ => { }));
        for (var round = 0; round < 300; round++)
        {
            var key = (await Visitor.ArriveAsync(app)).Key;
            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => new Visitor(app) { Key = key }.AttachAsync())));

            Assert.All(answers, static answer => Assert.Equal("created", answer.Is(HttpStatusCode.Created).String("outcome")));
        }
    }

    private static Task<SessionApp> StartAsync(int most, Action<SessionLifetimeBuilder> subscribe) => SessionApp.StartAsync(setup =>
    {
        setup.Options = options => (options.MaxSessionsPerBrowser, options.LimitPolicy) = (most, SessionLimitPolicy.EndOldest);
        setup.Sessions = subscribe;
    });
}
