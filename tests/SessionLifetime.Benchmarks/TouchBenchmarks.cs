using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Engine;
using SessionLifetime.Ids;
using SessionLifetime.Policy;

namespace SessionLifetime.Benchmarks;

/// <summary>A signal: the id parsed, the session found, its rules looked at, its clocks stamped.</summary>
[MemoryDiagnoser]
public class TouchBenchmarks
{
    private readonly Pipeline _pipeline = new(static services => services.AddSessionLifetime(), static app => app.UseSessionLifetime());
    private SessionEngine _engine = default!;
    private string[] _ids = [];
    private int _next;

    [Params(10_000, 1_000_000)]
    public int Sessions { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _engine = _pipeline.Services.GetRequiredService<SessionEngine>();
        _ids = new string[Sessions];
        for (var index = 0; index < Sessions; index++)
        {
            _ids[index] = (await _pipeline.Services.StartSessionAsync(BrowserKey.Create())).Secret.Reveal();
        }

        Random.Shared.Shuffle(_ids);
    }

    [Benchmark]
    public bool Touch()
    {
        _next = (_next + 1) % _ids.Length;
        return SessionId.TryParse(_ids[_next], out var secret)
            && _engine.Directory.TryGet(secret, out var entry)
            && _engine.TryCountAsync(entry, SignalReport.Activity).Result;
    }
}
