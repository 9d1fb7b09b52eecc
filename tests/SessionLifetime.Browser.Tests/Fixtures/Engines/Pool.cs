using System.Collections.Concurrent;

namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>Processes that serve one test at a time: as many are started as tests want one at once.</summary>
internal sealed class Pool<T>(Func<Task<T>> start) : IAsyncDisposable
    where T : class, IAsyncDisposable
{
    private readonly ConcurrentBag<T> _free = [];
    private readonly ConcurrentBag<T> _all = [];

    public async Task<T> TakeAsync()
    {
        if (_free.TryTake(out var free))
        {
            return free;
        }

        var started = await start();
        _all.Add(started);
        return started;
    }

    public void Return(T one) => _free.Add(one);

    public async ValueTask DisposeAsync()
    {
        foreach (var one in _all)
        {
            await one.DisposeAsync();
        }
    }
}
