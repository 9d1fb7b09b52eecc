using Cluster;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SessionLifetime.Soak.Nodes;

/// <summary>One server of a cluster. The other soaks start it as a process of its own.</summary>
internal sealed class NodeSoak : ISoak
{
    public string Name => "node";

    public string Arguments => "--name ... --url ... --store ... --connection ... --events ...";

    public string Description => "One server of a cluster, as the other soaks start it.";

    public async Task<bool> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var settings = NodeSettings.Read(arguments);
        using var events = new EventFile(settings.Events);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddSimpleConsole(static console => console.SingleLine = true).SetMinimumLevel(LogLevel.Warning);
        builder.Logging.AddFilter<StoreWatch>("SessionLifetime.Cluster", LogLevel.Information).AddProvider(new StoreWatch(events, settings.Name));
        builder.WebHost.UseUrls(settings.Url);
        var sessions = builder.Services
            .AddSessionLifetime(options =>
            {
                options.BrowserBinding = settings.Pages ? BrowserBinding.WhenPossible : BrowserBinding.Off;
                options.SessionTimeout = TimeSpan.FromSeconds(settings.Timeout);
                options.CountdownDuration = TimeSpan.FromSeconds(settings.Countdown);
                options.SweepInterval = TimeSpan.FromSeconds(settings.Sweep);
            })
            .OnSessionTimeout((context, stop) => TellAsync(context, EventLine.Timeout, $"{context.Occurrence}", stop))
            .OnApplicationExit((context, stop) => TellAsync(context, EventLine.Exit, $"{context.Reason}", stop));
        _ = settings.Store switch
        {
            "sqlite" => sessions.UseSqlite(settings.Connection),
            "postgres" => sessions.UsePostgreSql(settings.Connection),
            _ => sessions.UseRedis(settings.Connection),
        };

        if (settings.Pages)
        {
            NodePages.Add(sessions, Path.GetDirectoryName(settings.Events)!);
        }

        LeavingLifetime.Add(builder.Services);
        var app = builder.Build();
        app.Use((context, next) =>
        {
            context.Response.Headers["X-Node"] = settings.Name;
            return next(context);
        });
        app.UseRouting();
        if (settings.Pages)
        {
            app.UseWebSockets();
            app.UseAuthentication();
        }

        app.UseSessionLifetime();
        app.MapSessionLifetime();
        app.MapPost("/touch", static () => Results.NoContent()).RequireTabSession();
        LeavingLifetime.Map(app);
        if (settings.Pages)
        {
            NodePages.Map(app);
        }

        cancellationToken.ThrowIfCancellationRequested();
        await app.RunAsync();
        return true;

        async ValueTask TellAsync(SessionEventContext context, string name, string detail, CancellationToken stop)
        {
            events.Write(new(Clock.Now, settings.Name, context.Session.Id.ToString(), name, detail, context.Attempt));
            if (settings.Handler > 0)
            {
                await Task.Delay(TimeSpan.FromSeconds(Random.Shared.NextDouble() * settings.Handler), stop);
            }
        }
    }
}
