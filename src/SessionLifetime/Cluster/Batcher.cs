using SessionLifetime.Scheduling;

namespace SessionLifetime.Cluster;

/// <summary>Collects items for a call that takes many: while two calls are under way, further items wait for the next.</summary>
/// <typeparam name="TKey">What an item is about: of equal ones, one is sent.</typeparam>
/// <typeparam name="TResult">What becomes of an item.</typeparam>
/// <param name="scheduler">Starts the calls.</param>
/// <param name="call">The call: takes the items, gives the results in their order.</param>
/// <param name="most">The most items of one call.</param>
/// <param name="isForOne">Whether a call failed by one of its items: then the items are sent again, each alone. Null where none does.</param>
internal sealed class Batcher<TKey, TResult>(
    IWorkScheduler scheduler, Func<IReadOnlyList<TKey>, ValueTask<IReadOnlyList<TResult>>> call, int most, Func<Exception, bool>? isForOne = null)
    where TKey : notnull
{
    private const int MaxRunning = 2;

    private readonly Lock _lock = new();
    private readonly Queue<TKey> _order = new();
    private readonly Dictionary<TKey, TaskCompletionSource<TResult>> _waiting = [];
    private int _running;

    /// <summary>Adds an item to the next call. One that waits already is joined.</summary>
    /// <returns>What becomes of it.</returns>
    public Task<TResult> SendAsync(TKey item)
    {
        bool starts;
        TaskCompletionSource<TResult>? result;
        lock (_lock)
        {
            if (_waiting.TryGetValue(item, out result))
            {
                return result.Task;
            }

            result = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add(item, result);
            _order.Enqueue(item);
            starts = _running < MaxRunning;
            _running += starts ? 1 : 0;
        }

        if (starts)
        {
            _ = scheduler.Run(RunAsync);
        }

        return result.Task;
    }

    private async Task RunAsync()
    {
        var items = new List<TKey>();
        var results = new List<TaskCompletionSource<TResult>>();
        while (TryTake(items, results))
        {
            if (await TryAsync(items, results, isLast: items.Count == 1))
            {
                continue;
            }

            for (var index = 0; index < items.Count; index++)
            {
                await TryAsync([items[index]], [results[index]], isLast: true);
            }
        }
    }

    /// <summary>Calls. False where that failed and each item is to be sent alone.</summary>
    private async ValueTask<bool> TryAsync(List<TKey> items, List<TaskCompletionSource<TResult>> results, bool isLast)
    {
        try
        {
            var answers = await call(items);
            for (var index = 0; index < results.Count; index++)
            {
                results[index].SetResult(answers[index]);
            }
        }
        catch (Exception exception) when (isLast || isForOne?.Invoke(exception) != true)
        {
            foreach (var result in results)
            {
                result.TrySetException(exception);

                // Also where nobody waits for it.
                _ = result.Task.Exception;
            }
        }
        catch (Exception)
        {
            return false;
        }

        return true;
    }

    private bool TryTake(List<TKey> items, List<TaskCompletionSource<TResult>> results)
    {
        items.Clear();
        results.Clear();
        lock (_lock)
        {
            while (items.Count < most && _order.TryDequeue(out var item))
            {
                _waiting.Remove(item, out var result);
                items.Add(item);
                results.Add(result!);
            }

            _running -= items.Count == 0 ? 1 : 0;
        }

        return items.Count > 0;
    }
}
