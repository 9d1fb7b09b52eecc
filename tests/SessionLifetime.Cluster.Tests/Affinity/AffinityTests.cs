using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Cluster;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SessionLifetime.Cluster.Tests.Storage;
using SessionLifetime.Tests.House;

namespace SessionLifetime.Cluster.Tests.Affinity;

/// <summary>Load balancers, configured as the pages say, lead all that a browser sends to one node, where its live objects are.</summary>
public sealed class AffinityTests : IAsyncDisposable
{
    private const int Browsers = 20;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sessionlifetime-affinity-");
    private readonly List<WebApplication> _nodes = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }

    [Fact]
    public Task Nginx_leads_a_browser_to_one_node() => AssertLeadsAsync(
        "nginx",
        (folder, port) => $$"""
            daemon off;
            pid {{folder}}/nginx.pid;
            error_log stderr;
            events {}
            http {
              access_log off;
              client_body_temp_path {{folder}};
              proxy_temp_path {{folder}};
              fastcgi_temp_path {{folder}};
              uwsgi_temp_path {{folder}};
              scgi_temp_path {{folder}};
              {{OnOurPorts(RunBlocks.Nginx.Code).Replace("listen 8080", $"listen 127.0.0.1:{port}", StringComparison.Ordinal)}}
            }
            """,
        static (folder, file) => ["-p", folder, "-c", file]);

    [Fact]
    public Task HaProxy_leads_a_browser_to_one_node() => AssertLeadsAsync(
        "haproxy",
        (_, port) => $"""
            defaults
                mode http
                timeout connect 5s
                timeout client 60s
                timeout server 60s
            frontend all
                bind 127.0.0.1:{port}
                default_backend app
            {OnOurPorts(RunBlocks.HaProxy.Code)}

            """,
        static (_, file) => ["-db", "-f", file]);

    [Fact]
    public async Task Yarp_leads_a_browser_to_one_node()
    {
        await StartNodesAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddReverseProxy().LoadFromMemory(Balancing.Routes, [Balancing.Cluster(_nodes.Select(static node => node.Urls.First()), isSticky: true)]);
        await using var front = builder.Build();
        front.MapReverseProxy(Balancing.Use);
        await front.StartAsync(Stop);

        await AssertOneNodeForABrowserAsync(front.Urls.First());
    }

    /// <summary>Starts a balancer in front of the nodes.</summary>
    /// <param name="program">Its program.</param>
    /// <param name="configuration">What its configuration says, of its folder and its port.</param>
    /// <param name="arguments">What it is started with, of its folder and its configuration's file.</param>
    private async Task AssertLeadsAsync(string program, Func<string, int, string> configuration, Func<string, string, string[]> arguments)
    {
        await StartNodesAsync();
        var folder = Directory.CreateTempSubdirectory($"sessionlifetime-{program}-");
        await using var balancer = await ServerProcess.StartAsync(
            folder,
            ServerProcess.Find(program, "/usr/sbin"),
            port =>
            {
                var file = Path.Combine(folder.FullName, program + ".conf");
                File.WriteAllText(file, configuration(folder.FullName, port));
                return arguments(folder.FullName, file);
            },
            ListensAsync);

        await AssertOneNodeForABrowserAsync($"http://127.0.0.1:{balancer.Port}");
    }

    private static async Task AssertOneNodeForABrowserAsync(string url)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        for (var browser = 0; browser < Browsers; browser++)
        {
            using var handler = new HttpClientHandler { CookieContainer = new CookieContainer() };
            using var client = new HttpClient(handler) { BaseAddress = new(url) };
            var nodes = new HashSet<string>(StringComparer.Ordinal);

            // Two tabs: what carries the header of a session, and what does not.
            foreach (var tab in new[] { "p1", "p2" })
            {
                var attached = await SendAsync("/_session/attach", null, JsonContent.Create(new { page = tab }));
                var id = (string)(await attached.ReadFromJsonAsync<JsonNode>(Stop))!["id"]!;
                var first = await (await SendAsync("/live", id, null)).ReadAsStringAsync(Stop);
                await SendAsync("/link", null, null);
                Assert.Equal(first, await (await SendAsync("/live", id, null)).ReadAsStringAsync(Stop));
                await SendAsync("/_session/detach", null, new StringContent($$"""{"id":"{{id}}","page":"{{tab}}"}""", Encoding.UTF8, "text/plain"));
            }

            reached.Add(Assert.Single(nodes));

            async Task<HttpContent> SendAsync(string path, string? id, HttpContent? content)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
                if (id is not null)
                {
                    request.Headers.Add("X-Session-Id", id);
                    request.Headers.Add("X-Session-Page", "p1");
                }

                var answer = await client.SendAsync(request, Stop);
                Assert.True(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode}");
                nodes.Add(answer.Headers.GetValues("X-Node").First());
                return answer.Content;
            }
        }

        Assert.Equal(2, reached.Count);
    }

    private static async Task<bool> ListensAsync(int port)
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private string OnOurPorts(string configuration) => configuration
        .Replace("127.0.0.1:5001", new Uri(_nodes[0].Urls.First()).Authority, StringComparison.Ordinal)
        .Replace("127.0.0.1:5002", new Uri(_nodes[1].Urls.First()).Authority, StringComparison.Ordinal);

    private async Task StartNodesAsync()
    {
        foreach (var name in new[] { "a", "b" })
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Services.AddSessionLifetime().AddSessionScoped<Live>().UseSqlite($"Data Source={Path.Combine(_folder.FullName, "sessions.db")}");
            var app = builder.Build();
            app.Use((context, next) =>
            {
                context.Response.Headers["X-Node"] = name;
                return next(context);
            });
            app.UseRouting();
            app.UseSessionLifetime();
            app.MapSessionLifetime();
            app.MapPost("/live", static (Live live) => live.Name).RequireTabSession();
            app.MapGet("/ready", static () => Results.NoContent());
            app.MapPost("/link", static () => Results.NoContent());
            await app.StartAsync(Stop);
            _nodes.Add(app);
        }
    }

    private sealed class Live
    {
        public string Name { get; } = Guid.NewGuid().ToString();
    }
}
