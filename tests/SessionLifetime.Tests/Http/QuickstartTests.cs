using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Quickstart;
using SessionLifetime.Tests.Fakes;
using SessionLifetime.Tests.Policy;

namespace SessionLifetime.Tests.Http;

/// <summary>The first thing a newcomer runs, driven as its page says.</summary>
public sealed class QuickstartTests
{
    [Fact]
    public async Task The_quickstart_ends_sessions_for_every_reason_HTTP_alone_can_cause_and_lists_them()
    {
        await using var sample = new Sample(("SessionLifetime:AbsoluteTimeout", "00:10:00"));
        var ended = new List<(string Session, string Reason)>();

        var exits = await sample.AttachAsync();
        await sample.CallAsync(HttpMethod.Post, "/_session/exit", exits.Id);
        ended.Add((exits.Session, "Exited"));

        var leaves = await sample.AttachAsync();
        using (var answer = await sample.CallAsync(HttpMethod.Post, "/leave", leaves.Id))
        {
            Assert.Equal("/bye.html", Assert.Single(answer.Headers.GetValues("X-Session-Location")));
        }

        ended.Add((leaves.Session, "Exited"));

        var destroys = await sample.AttachAsync();
        await sample.CallAsync(HttpMethod.Post, "/self-destruct?seconds=10", destroys.Id);
        sample.Time.Advance(TimeSpan.FromSeconds(10));
        await sample.IsOverAsync(destroys.Id, "SelfDestructed");
        await sample.EventsAsync(list => list.Any(entry => Is(entry, "ApplicationExit", destroys.Session)));
        ended.Add((destroys.Session, "SelfDestructed"));

        var closes = await sample.AttachAsync();
        await sample.CallAsync(HttpMethod.Post, "/_session/detach", null, $$"""{"id":"{{closes.Id}}","page":"page"}""", "text/plain");
        sample.Time.Advance(TimeSpan.FromSeconds(10));
        await sample.IsOverAsync(closes.Id, "SelfDestructed");
        await sample.EventsAsync(list => list.Any(entry => Is(entry, "ApplicationExit", closes.Session)));
        ended.Add((closes.Session, "SelfDestructed"));

        // The clock waits until the handlers have run, here and below: moved under them, it would cut them off at their time limit.
        var silent = await sample.AttachAsync();
        sample.Time.Advance(TimeSpan.FromMinutes(2));
        await sample.IsOverAsync(silent.Id, "SignalLost");
        await sample.EventsAsync(list => list.Any(entry => Is(entry, "ApplicationExit", silent.Session)));
        ended.Add((silent.Session, "SignalLost"));

        var idles = await sample.AttachAsync();
        for (var i = 0; i < 4; i++)
        {
            sample.Time.Advance(TimeSpan.FromSeconds(10));
            if (i < 3)
            {
                // Unlike a poll of the app, a ping waits for the handlers.
                await sample.CallAsync(HttpMethod.Post, "/_session/ping", idles.Id);
            }
        }

        await sample.IsOverAsync(idles.Id, "IdleTimeout");
        await sample.EventsAsync(list => list.Any(entry => Is(entry, "ApplicationExit", idles.Session)));
        ended.Add((idles.Session, "IdleTimeout"));

        var works = await sample.AttachAsync();
        for (var i = 0; i < 20; i++)
        {
            using var answer = await sample.CallAsync(HttpMethod.Post, "/work", works.Id);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            sample.Time.Advance(TimeSpan.FromSeconds(30));
        }

        await sample.IsOverAsync(works.Id, "AbsoluteTimeout");
        await sample.EventsAsync(list => list.Any(entry => Is(entry, "ApplicationExit", works.Session)));
        ended.Add((works.Session, "AbsoluteTimeout"));

        var events = await sample.EventsAsync(list => list.Count(entry => entry.GetProperty("event").GetString() == "ApplicationExit") == ended.Count);

        // Handlers of different sessions run side by side: the order between them is nobody's promise.
        Assert.Equal(
            ended.Order(),
            events.Where(entry => entry.GetProperty("event").GetString() == "ApplicationExit")
                .Select(entry => (entry.GetProperty("session").GetString()!, entry.GetProperty("reason").GetString()!)).Order());
        Assert.All(events, entry => Assert.Equal(
            ["event", "session", "reason", "occurrence", "handled", "at", "idleMs"],
            entry.EnumerateObject().Select(field => field.Name)));
        Assert.True(events.Select(entry => entry.GetProperty("at").GetInt64()).SequenceEqual(events.Select(entry => entry.GetProperty("at").GetInt64()).Order()));
        var timeout = Assert.Single(events, entry => Is(entry, "SessionTimeout", idles.Session));
        Assert.Equal(1, timeout.GetProperty("occurrence").GetInt32());
        Assert.False(timeout.GetProperty("handled").GetBoolean());
        Assert.Equal(20_000, timeout.GetProperty("idleMs").GetInt64());
        Assert.Single(events, entry => Is(entry, "PageUnloaded", closes.Session));
        Assert.Empty(sample.Log.Errors);
    }

    [Fact]
    public async Task The_quickstart_counts_for_each_tab_and_in_the_frameworks_session_for_all()
    {
        await using var sample = new Sample();
        var (first, second) = ((await sample.AttachAsync()).Id, (await sample.AttachAsync()).Id);
        foreach (var id in new[] { first, second, second })
        {
            using var answer = await sample.CallAsync(HttpMethod.Post, "/count", id);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.Equal("""{"tab":1,"framework":3}""", await ReadAsync(first));
        await sample.CallAsync(HttpMethod.Post, "/_session/exit", second);
        Assert.Equal("""{"tab":null,"framework":3}""", await ReadAsync(second));

        async Task<string> ReadAsync(string id)
        {
            using var answer = await sample.CallAsync(HttpMethod.Get, "/count", id);
            return await answer.Content.ReadAsStringAsync();
        }
    }

    [Fact]
    public async Task The_quickstart_handles_timeouts_when_told_to()
    {
        await using var sample = new Sample(("Quickstart:HandleTimeout", "true"));
        var (id, session) = await sample.AttachAsync();
        for (var i = 0; i < 3; i++)
        {
            sample.Time.Advance(TimeSpan.FromSeconds(20));
            using var answer = await sample.CallAsync(HttpMethod.Post, "/_session/ping", id);
            Assert.Contains("\"active\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        var events = await sample.EventsAsync(list => list.Count(entry => Is(entry, "SessionTimeout", session)) == 3);

        Assert.Equal([1, 2, 3], events.Where(entry => Is(entry, "SessionTimeout", session)).Select(entry => entry.GetProperty("occurrence").GetInt32()));
        Assert.All(events.Where(entry => Is(entry, "SessionTimeout", session)), entry => Assert.True(entry.GetProperty("handled").GetBoolean()));
    }

    [Fact]
    public async Task The_quickstarts_endpoints_ask_for_a_session_where_they_should()
    {
        await using var sample = new Sample();
        foreach (var (method, path, status) in new[]
        {
            (HttpMethod.Post, "/work", HttpStatusCode.PreconditionRequired),
            (HttpMethod.Post, "/self-destruct", HttpStatusCode.PreconditionRequired),
            (HttpMethod.Post, "/count", HttpStatusCode.PreconditionRequired),
            (HttpMethod.Get, "/count", HttpStatusCode.OK),
            (HttpMethod.Get, "/poll", HttpStatusCode.OK),
            (HttpMethod.Get, "/slow?seconds=0", HttpStatusCode.OK),
            (HttpMethod.Get, "/events", HttpStatusCode.OK),
            (HttpMethod.Get, "/bye.html", HttpStatusCode.OK),
            (HttpMethod.Post, "/leave", HttpStatusCode.SeeOther),
        })
        {
            using var answer = await sample.CallAsync(method, path, null);
            Assert.Equal(status, answer.StatusCode);
        }

        foreach (var seconds in new[] { "NaN", "-1", "1e400", "x", "" })
        {
            using var answer = await sample.CallAsync(HttpMethod.Post, "/self-destruct?seconds=" + seconds, (await sample.AttachAsync()).Id);
            Assert.True((int)answer.StatusCode < 500, $"{seconds}: {(int)answer.StatusCode}");
        }
    }

    private static bool Is(JsonElement entry, string name, string session) =>
        entry.GetProperty("event").GetString() == name && entry.GetProperty("session").GetString() == session;

    /// <summary>The sample as it is, on a clock that only the test moves and with nobody sweeping.</summary>
    private sealed class Sample((string Key, string Value)? setting = null) : IAsyncDisposable
    {
        private readonly WebApplicationFactory<EventList> _factory = new();
        private HttpClient? _client;

        public FakeTimeProvider Time { get; } = new();

        public LogRecorder Log { get; } = new();

        private HttpClient Client => _client ??= _factory.WithWebHostBuilder(host =>
        {
            host.UseSetting("SessionLifetime:SweepInterval", "1.00:00:00");

            // The clock jumps while handlers run: at their time limit they would be abandoned.
            host.UseSetting("SessionLifetime:HandlerTimeout", "1.00:00:00");
            if (setting is { } own)
            {
                host.UseSetting(own.Key, own.Value);
            }

            host.ConfigureLogging(logging => logging.AddProvider(Log));
            host.ConfigureTestServices(services => services.AddSingleton<TimeProvider>(Time));
        }).CreateClient(new() { AllowAutoRedirect = false });

        public async Task<(string Id, string Session)> AttachAsync()
        {
            using var answer = await CallAsync(HttpMethod.Post, "/_session/attach", null, """{"page":"page","tab":"tab"}""");
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
            var body = await answer.Content.ReadFromJsonAsync<JsonElement>();
            return (body.GetProperty("id").GetString()!, body.GetProperty("session").GetString()!);
        }

        public async Task<HttpResponseMessage> CallAsync(HttpMethod method, string path, string? id, string? body = null, string contentType = "application/json")
        {
            using var request = SessionApp.NewRequest(method, path, id);
            request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, contentType);
            return await Client.SendAsync(request);
        }

        public async Task IsOverAsync(string id, string reason)
        {
            using var answer = await CallAsync(HttpMethod.Get, "/_session", id);
            Assert.Equal(HttpStatusCode.Gone, answer.StatusCode);
            Assert.Equal(reason, (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("reason").GetString());
        }

        /// <summary>The list, once the handlers have come so far.</summary>
        public async Task<JsonElement[]> EventsAsync(Func<JsonElement[], bool> complete)
        {
            for (var attempt = 0; ; attempt++)
            {
                using var answer = await CallAsync(HttpMethod.Get, "/events", null);
                var events = (await answer.Content.ReadFromJsonAsync<JsonElement[]>())!;
                if (complete(events))
                {
                    return events;
                }

                Assert.True(attempt < 500, string.Join("\n", events));
                await Task.Delay(10);
            }
        }

        public async ValueTask DisposeAsync()
        {
            _client?.Dispose();
            await _factory.DisposeAsync();
        }
    }
}
