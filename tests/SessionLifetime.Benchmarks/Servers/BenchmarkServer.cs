using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SessionLifetime.Http.Answers;
using SessionLifetime.Ids;

namespace SessionLifetime.Benchmarks.Servers;

/// <summary>
/// A real server in a process of its own: it says where it listens, what a client sends to be one with a session, and how long it took to
/// start, and serves until its input ends.
/// </summary>
internal static class BenchmarkServer
{
    private const string Text = "Hello, world!";

    private static readonly StatusAnswer s_status = new()
    {
        Session = "AAAAAAAAAAA",
        State = "active",
        Countdown = false,
        CountdownMs = null,
        Extendable = true,
        TimeoutInMs = 1_200_000,
        EndsInMs = 2_400_000,
        EndsBy = "IdleTimeout",
        PingEveryMs = 60_000,
    };

    public static async Task RunAsync(ServerKind kind)
    {
        var startedAt = Stopwatch.GetTimestamp();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        if (kind == ServerKind.Ours)
        {
            builder.Services.AddSessionLifetime();
        }
        else if (kind == ServerKind.Framework)
        {
            builder.Services.AddDistributedMemoryCache();
            builder.Services.AddSession();
        }

        await using var app = builder.Build();
        if (kind == ServerKind.Ours)
        {
            app.UseSessionLifetime();
            app.MapSessionLifetime();
        }
        else if (kind == ServerKind.Framework)
        {
            app.UseSession();
            app.Use(static (context, next) =>
            {
                // Loaded, and written once by a client that has none.
                if (context.Session.GetInt32("n") is null)
                {
                    context.Session.SetInt32("n", 1);
                }

                return next(context);
            });
        }

        app.MapGet("/", static (HttpContext context) => context.Response.WriteAsync(Text));
        app.MapPost("/json", static (HttpContext context) => SessionAnswers.WriteAsync(context, StatusCodes.Status200OK, s_status));
        await app.StartAsync();
        var started = Stopwatch.GetElapsedTime(startedAt);
        var address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        var headers = kind switch
        {
            ServerKind.Ours => await OursAsync(app.Services),
            ServerKind.Framework => await FrameworksAsync(address),
            _ => [],
        };
        Console.WriteLine(address.Port);
        Console.WriteLine(string.Join('\t', headers));
        Console.WriteLine(started.TotalMilliseconds.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await Console.In.ReadToEndAsync();
    }

    private static async Task<string[]> OursAsync(IServiceProvider services)
    {
        var key = BrowserKey.Create();
        var page = BrowserKey.Create().Reveal();
        var entry = await services.StartSessionAsync(key, page);
        return
        [
            $"X-Session-Id: {entry.Secret.Reveal()}",
            $"X-Session-Page: {page}",
            $"Cookie: theme=dark; SessionLifetime.Browser={key.Reveal()}; lang=en",
        ];
    }

    private static async Task<string[]> FrameworksAsync(Uri address)
    {
        using var handler = new HttpClientHandler { UseCookies = false };
        using var client = new HttpClient(handler);
        using var answer = await client.GetAsync(address);
        var cookie = answer.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
        return [$"Cookie: theme=dark; {cookie}; lang=en"];
    }
}
