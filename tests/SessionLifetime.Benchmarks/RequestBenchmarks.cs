using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime.Benchmarks;

/// <summary>A request with a live session, one without, and one through nothing.</summary>
[MemoryDiagnoser]
public class RequestBenchmarks
{
    private readonly Pipeline _empty = new(static _ => { }, static _ => { });
    private readonly Pipeline _without = new(static services => services.AddSessionLifetime(), static app => app.UseSessionLifetime());
    private readonly Pipeline _live = new(static services => services.AddSessionLifetime(), static app => app.UseSessionLifetime());

    [GlobalSetup]
    public async Task SetupAsync() => await _live.SignInAsync();

    [Benchmark(Baseline = true)]
    public void NoMiddleware() => _empty.Run();

    [Benchmark]
    public void WithoutHeader() => _without.Run();

    [Benchmark]
    public void LiveSession() => _live.Run();
}
