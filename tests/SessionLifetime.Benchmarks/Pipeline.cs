using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SessionLifetime.Ids;

namespace SessionLifetime.Benchmarks;

/// <summary>
/// A pipeline without a server around it: one context that is used again for every request, as Kestrel does, so that what is measured is
/// what the middleware adds.
/// </summary>
internal sealed class Pipeline : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly RequestDelegate _run;
    private readonly ServerFeatures _features = new();
    private readonly HttpRequestFeature _request = new();
    private readonly DefaultHttpContext _context = new();
    private readonly IServiceProvidersFeature _services;
    private readonly ServerAnswer _response = new();

    public Pipeline(Action<IServiceCollection> services, Action<IApplicationBuilder> configure)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        services(builder.Services);
        _host = builder.Build();
        var app = new ApplicationBuilder(_host.Services);
        configure(app);
        app.Run(static _ => Task.CompletedTask);
        _run = app.Build();
        _services = new Scope(_host.Services);
        _request.Method = "GET";
        _request.Path = "/";
        _request.Scheme = "https";
        _request.Headers = new HeaderDictionary();
    }

    public IServiceProvider Services => _host.Services;

    public IHeaderDictionary Headers => _request.Headers;

    /// <summary>Starts a session whose browser sends every request from now on.</summary>
    public async Task SignInAsync()
    {
        var key = BrowserKey.Create();
        var page = BrowserKey.Create().Reveal();
        var entry = await Services.StartSessionAsync(key, page);
        Headers["X-Session-Id"] = entry.Secret.Reveal();
        Headers["X-Session-Page"] = page;
        Headers.Cookie = $"theme=dark; SessionLifetime.Browser={key.Reveal()}; lang=en";
    }

    /// <summary>One request. It has to complete synchronously.</summary>
    public void Run()
    {
        _features.Reset(_request, _response, _services);
        _context.Initialize(_features);
        var running = _run(_context);
        if (!running.IsCompletedSuccessfully)
        {
            running.GetAwaiter().GetResult();
        }

        _response.Complete();
        _context.Uninitialize();
    }

    /// <summary>One request of a client that was never here: what its answer sets is forgotten.</summary>
    public void RunAsNew()
    {
        Run();
        _response.Headers.Clear();
    }

    /// <summary>One request, and the cookies its answer sets are sent with the next.</summary>
    public void RunAndKeepCookies()
    {
        Run();
        _request.Headers.Cookie = _response.Cookies;
        _response.Headers = new HeaderDictionary();
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is IAsyncDisposable host)
        {
            await host.DisposeAsync();
        }
    }

    private sealed class Scope(IServiceProvider services) : IServiceProvidersFeature
    {
        public IServiceProvider RequestServices { get; set; } = services;
    }
}
