using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SessionLifetime.Engine;
using SessionLifetime.Events;
using SessionLifetime.Ids;
using SessionLifetime.Tests.Fakes;

namespace SessionLifetime.Tests.Http;

/// <summary>
/// A whole app with sessions, on a server in memory or on Kestrel, whose clock only the test moves. Sweeps only happen when the test
/// asks. Every answer is checked for what all answers must be; at the end the log must hold no error and no secret.
/// </summary>
internal sealed class SessionApp : IAsyncDisposable
{
    public const string IdHeader = "X-Session-Id";
    public const string PageHeader = "X-Session-Page";

    private readonly SessionAppSetup _setup;
    private readonly ConcurrentQueue<string> _secrets = new();

    private SessionApp(SessionAppSetup setup, WebApplication app, LogRecorder log, FakeTimeProvider time)
    {
        _setup = setup;
        App = app;
        Log = log;
        Time = time;
        Client = setup.Kestrel ? NewKestrelClient() : app.GetTestClient();
    }

    public WebApplication App { get; }

    public LogRecorder Log { get; }

    public FakeTimeProvider Time { get; }

    public HttpClient Client { get; }

    public ISessionLifetime Sessions => App.Services.GetRequiredService<ISessionLifetime>();

    /// <summary>What was raised, in order: <c>SessionTimeout 1</c>, <c>ApplicationExit IdleTimeout</c>, ... where the test asked for it.</summary>
    public ConcurrentQueue<string> Events => _setup.Events;

    /// <summary>Whether no event of a recorded session waits or is being handled, and no end is under way.</summary>
    private bool IsQuiet => App.Services.GetRequiredService<SessionEngine>().Ends.Count == 0
        && _setup.SessionsSeen.Keys.All(static session => session.EventQueue is not SessionEventQueue { IsIdle: false });

    public Uri Address => new(App.Urls.Single());

    public static async Task<SessionApp> StartAsync(Action<SessionAppSetup>? configure = null)
    {
        var setup = new SessionAppSetup();
        configure?.Invoke(setup);
        var log = new LogRecorder();
        var time = new FakeTimeProvider();

        // The sample's appsettings.json lies beside the tests and says what is logged; here everything is.
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(log);
        if (TestCapture.IsOn)
        {
            builder.Logging.AddProvider(TestCapture.Logs());
        }

        builder.Services.AddSingleton<TimeProvider>(time);
        var sessions = builder.Services.AddSessionLifetime(options =>
        {
            // The clock jumps while handlers run.
            options.HandlerTimeout = TimeSpan.FromDays(1);
            setup.Options(options);
        });

        // Nobody but the test sweeps.
        builder.Services.Remove(builder.Services.Single(service => service.ImplementationType == typeof(SessionSweepService)));
        setup.Sessions(sessions);
        if (setup.RecordsEvents)
        {
            Record(sessions, setup);
        }

        setup.Services(builder);
        if (setup.Kestrel)
        {
            builder.WebHost.ConfigureKestrel(server => server.Listen(
                IPAddress.Loopback,
                0,
                listen => listen.Protocols = setup.Http2 ? HttpProtocols.Http2 : HttpProtocols.Http1));
        }
        else
        {
            builder.WebHost.UseTestServer();
        }

        var app = builder.Build();
        setup.Before(app);
        app.UseSessionLifetime();
        setup.Calls(app.MapSessionLifetime(setup.Prefix));
        setup.Map(app);
        await app.StartAsync();
        return new SessionApp(setup, app, log, time);
    }

    /// <summary>Starts an app whose events are kept in <see cref="Events"/>.</summary>
    public static Task<SessionApp> StartRecordingAsync(Action<SessionAppSetup>? configure = null) => StartAsync(setup =>
    {
        setup.RecordsEvents = true;
        configure?.Invoke(setup);
    });

    public Task<Answer> AttachAsync(string? id = null, string page = "page", string? tab = "tab", Action<HttpRequestMessage>? with = null) =>
        PostAsync("/attach", id, tab is null ? $$"""{"page":"{{page}}"}""" : $$"""{"page":"{{page}}","tab":"{{tab}}"}""", with);

    /// <summary>Attaches, and gives the secret id of the new session.</summary>
    public async Task<string> StartSessionAsync(string page = "page", string? tab = "tab") =>
        (await AttachAsync(page: page, tab: tab)).Is(HttpStatusCode.Created).Id!;

    public Task<Answer> StatusAsync(string? id, Action<HttpRequestMessage>? with = null) => CallAsync(HttpMethod.Get, "", id, with: with);

    public Task<Answer> PingAsync(string? id, string? body = null, Action<HttpRequestMessage>? with = null) => PostAsync("/ping", id, body, with);

    public Task<Answer> ActivityAsync(string? id, string? body = null, Action<HttpRequestMessage>? with = null) => PostAsync("/activity", id, body, with);

    public Task<Answer> ExitAsync(string? id) => PostAsync("/exit", id, body: null);

    public Task<Answer> DetachAsync(string body, string contentType = "text/plain", string? id = null, Action<HttpRequestMessage>? with = null) =>
        CallAsync(HttpMethod.Post, "/detach", id, body, contentType, with);

    /// <summary>A detach as the browser module sends it.</summary>
    public Task<Answer> DetachByBeaconAsync(string id, string page = "page", bool persisted = false) =>
        DetachAsync($$"""{"id":"{{id}}","page":"{{page}}","persisted":{{(persisted ? "true" : "false")}}}""");

    public Task<Answer> PostAsync(string call, string? id, string? body, Action<HttpRequestMessage>? with = null) =>
        CallAsync(HttpMethod.Post, call, id, body, "application/json", with);

    /// <summary>One of the library's own calls.</summary>
    public async Task<Answer> CallAsync(
        HttpMethod method,
        string call,
        string? id,
        string? body = null,
        string contentType = "application/json",
        Action<HttpRequestMessage>? with = null)
    {
        var answer = await SendAsync(method, _setup.Prefix + call, id, body, contentType, with);
        CheckCall(answer, call);
        return answer;
    }

    /// <summary>A request of the app.</summary>
    public async Task<Answer> SendAsync(
        HttpMethod method,
        string path,
        string? id,
        string? body = null,
        string contentType = "application/json",
        Action<HttpRequestMessage>? with = null)
    {
        using var request = NewRequest(method, path, id);
        (request.Version, request.VersionPolicy) = (Client.DefaultRequestVersion, Client.DefaultVersionPolicy);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        }

        with?.Invoke(request);
        KeepSecrets(request);
        using var response = await Client.SendAsync(request);
        return await ReadAsync(response);
    }

    public Task<Answer> GetAsync(string path, string? id, Action<HttpRequestMessage>? with = null) =>
        SendAsync(HttpMethod.Get, path, id, with: with);

    /// <summary>How long ago the session had its last activity, and its last signal.</summary>
    public async Task<(TimeSpan Idle, TimeSpan Silent)> ClocksAsync(string id)
    {
        var session = (await Sessions.FindAsync((await StatusAsync(id)).Is(HttpStatusCode.OK).String("session")!))!;
        var now = Time.GetUtcNow();
        return (now - session.LastActivity, now - session.LastSignal);
    }

    public static HttpRequestMessage NewRequest(HttpMethod method, string path, string? id)
    {
        var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (id is not null)
        {
            request.Headers.TryAddWithoutValidation(IdHeader, id);
        }

        return request;
    }

    /// <summary>Bytes as they are, on a connection of their own; everything the server answers until it closes.</summary>
    public async Task<string> SendRawAsync(string request, bool closeSending = false)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        if (closeSending)
        {
            client.Client.Shutdown(SocketShutdown.Send);
        }

        using var answer = new MemoryStream();
        try
        {
            await stream.CopyToAsync(answer).WaitAsync(TimeSpan.FromSeconds(30));
        }
        catch (IOException)
        {
            // Reset after the answer: what came is what counts.
        }

        return Encoding.UTF8.GetString(answer.ToArray());
    }

    /// <summary>One pass of the sweep.</summary>
    public async Task SweepAsync() => await App.Services.GetRequiredService<SessionSweeper>().SweepAsync();

    /// <summary>
    /// Waits for events that are raised off the request's path, and until none is under way any more: so that one too many is seen.
    /// </summary>
    public async Task ExpectEventsAsync(params string[] expected)
    {
        await EventuallyAsync(() => Events.Count >= expected.Length && IsQuiet, () => "Events so far: " + string.Join(", ", Events));
        Assert.Equal(expected, Events);
    }

    /// <summary>Waits for something that happens on other threads. Not for a deadline: the clock stands still.</summary>
    public static async Task EventuallyAsync(Func<bool> condition, Func<string>? otherwise = null)
    {
        for (var attempt = 0; !condition(); attempt++)
        {
            Assert.True(attempt < 1000, otherwise?.Invoke() ?? "It did not happen.");
            await Task.Delay(attempt < 50 ? 1 : 10);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.StopAsync();
        await App.DisposeAsync();

        Assert.All(_setup.SessionsSeen.Values, static told =>
        {
            // Each of them ended, once, and was told nothing after it.
            Assert.Equal("SessionStarted", told.First());
            Assert.StartsWith("ApplicationExit", told.Last(), StringComparison.Ordinal);
            Assert.Single(told, static line => line == "SessionStarted");
            Assert.Single(told, static line => line.StartsWith("ApplicationExit", StringComparison.Ordinal));
        });
        Assert.Contains(Log.Lines, line => line.Level == LogLevel.Debug);
        if (!_setup.ExpectsErrors)
        {
            Assert.True(!Log.Errors.Any(), string.Join("\n", Log.Errors.Select(line => $"{line.Category}: {line.Text} {line.Exception}")));
        }

        var secrets = _secrets.ToHashSet(StringComparer.Ordinal);
        Assert.All(Log.Lines, line => Assert.Null(TestCapture.Find(line.Text + line.Exception, secrets)));
    }

    private static void Record(SessionLifetimeBuilder sessions, SessionAppSetup setup) => sessions
        .OnSessionStarted(context => Record(setup, context, "SessionStarted"))
        .OnSessionResumed(context => Record(setup, context, "SessionResumed " + context.Page))
        .OnPageUnloaded(context => Record(
            setup,
            context,
            $"PageUnloaded {context.Page} current={context.IsCurrent} open={context.OpenPages} persisted={context.Persisted}"))
        .OnSessionTimeout(context => Record(setup, context, $"SessionTimeout {context.Occurrence}"))
        .OnApplicationExit(context => Record(setup, context, "ApplicationExit " + context.Reason));

    private static void Record(SessionAppSetup setup, SessionEventContext context, string line)
    {
        setup.SessionsSeen.GetOrAdd(context.Session, static _ => new()).Enqueue(line);
        setup.Events.Enqueue(line);
    }

    private HttpClient NewKestrelClient() => new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false })
    {
        BaseAddress = Address,
        Timeout = TimeSpan.FromSeconds(60),
        DefaultRequestVersion = _setup.Http2 ? HttpVersion.Version20 : HttpVersion.Version11,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private async Task<Answer> ReadAsync(HttpResponseMessage response)
    {
        var headers = response.Headers.Concat(response.Content.Headers)
            .ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        var answer = new Answer { Status = response.StatusCode, Text = await response.Content.ReadAsStringAsync(), Headers = headers };
        if (string.Equals(answer.Header("Content-Type"), "application/json", StringComparison.Ordinal)
            && answer.Json is { ValueKind: System.Text.Json.JsonValueKind.Object }
            && answer.Id is { } secret)
        {
            KeepSecret(secret);
        }

        KeepSecret(answer.Header(IdHeader));
        KeepKeys(answer.Header("Set-Cookie"));

        if (!_setup.ExpectsErrors)
        {
            Assert.NotEqual(HttpStatusCode.InternalServerError, answer.Status);
        }

        return answer;
    }

    /// <summary>Only what could be one: a test that names its id "malformed" has no secret.</summary>
    private void KeepSecret(string? text)
    {
        if (SessionId.TryParse(text, out var id) && id != default)
        {
            _secrets.Enqueue(text!);
            TestCapture.Secret(text!);
        }
    }

    /// <summary>The keys, ids and tokens in a cookie header, of a request or of an answer.</summary>
    private void KeepKeys(string? cookies)
    {
        const string Family = "SessionLifetime.";
        for (var at = cookies?.IndexOf(Family, StringComparison.Ordinal) ?? -1; at >= 0; at = cookies!.IndexOf(Family, at + 1, StringComparison.Ordinal))
        {
            KeepSecret(new string([.. cookies![at..].SkipWhile(static character => character != '=').Skip(1).Take(SessionId.TextLength)]));
        }
    }

    private void KeepSecrets(HttpRequestMessage request)
    {
        if (request.Headers.TryGetValues(IdHeader, out var ids))
        {
            foreach (var id in ids)
            {
                KeepSecret(id);
            }
        }

        if (request.Headers.TryGetValues("Cookie", out var cookies))
        {
            KeepKeys(string.Join("; ", cookies));
        }
    }

    /// <summary>What section 7 says of every answer of the library's own.</summary>
    private static void CheckCall(Answer answer, string call)
    {
        if (answer.Status is HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests || answer.Header("Access-Control-Allow-Methods") is not null)
        {
            // Answered before the library was asked.
            return;
        }

        Assert.Contains("no-store", answer.Header("Cache-Control") ?? "", StringComparison.Ordinal);
        if ((int)answer.Status >= 400)
        {
            Assert.Equal("application/problem+json", answer.Header("Content-Type"));
        }

        var state = answer.Status switch
        {
            HttpStatusCode.Gone => "ended",
            HttpStatusCode.NotFound => "unknown",
            HttpStatusCode.Forbidden => "refused",
            _ => null,
        };
        Assert.Equal(state, answer.Header("X-Session-State"));

        // The one call that a page makes as if it were the app's.
        Assert.Equal(string.Equals(call, "/relay", StringComparison.Ordinal) && answer.Status != HttpStatusCode.MethodNotAllowed ? "none" : null, answer.Header("X-Session-Signal"));
    }
}
