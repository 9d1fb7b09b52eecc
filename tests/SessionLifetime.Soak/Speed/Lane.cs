using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using SessionLifetime.Benchmarks;

namespace SessionLifetime.Soak.Speed;

/// <summary>One request after the other through an app's pipeline, with a context that is used again, as a server does.</summary>
internal sealed class Lane
{
    private readonly RequestDelegate _run;
    private readonly ServerFeatures _features = new();
    private readonly HttpRequestFeature _request = new() { Method = "GET", Path = "/", Scheme = "https", Headers = new HeaderDictionary() };
    private readonly DefaultHttpContext _context = new();
    private readonly ServerAnswer _answer = new();
    private readonly Scope _scope;

    public Lane(RequestDelegate run, IServiceProvider services) => (_run, _scope) = (run, new(services));

    /// <summary>Whether the latest request was answered without waiting for anything.</summary>
    public bool WasImmediate { get; private set; }

    /// <summary>The cookies that the latest answer has set, as the next request sends them.</summary>
    public string Cookies => _answer.Cookies;

    /// <summary>Sends a request.</summary>
    /// <param name="session">Who sends it.</param>
    /// <returns>A task that completes when it is answered.</returns>
    public Task RunAsync(Visitor session)
    {
        var headers = _request.Headers;
        if (session.Secret.Length > 0)
        {
            headers["X-Session-Id"] = session.Secret;
            headers["X-Session-Page"] = session.Page;
        }

        headers.Cookie = session.Cookie;
        _features.Reset(_request, _answer, _scope);
        _context.Initialize(_features);
        var running = _run(_context);
        WasImmediate = running.IsCompletedSuccessfully;
        if (WasImmediate)
        {
            _answer.Complete();
            _context.Uninitialize();
            return Task.CompletedTask;
        }

        return FinishAsync(running);
    }

    private async Task FinishAsync(Task running)
    {
        await running;
        _answer.Complete();
        _context.Uninitialize();
    }

    private sealed class Scope(IServiceProvider services) : IServiceProvidersFeature
    {
        public IServiceProvider RequestServices { get; set; } = services;
    }
}
