using SessionLifetime.Scheduling;

namespace SessionLifetime.Cluster.Tests;

/// <summary>Items that share a call.</summary>
public sealed class BatcherTests
{
    [Fact]
    public async Task AnItemThatIsRefused_FailsAlone()
    {
        var calls = new List<int>();
        var gate = new TaskCompletionSource();
        var batcher = new Batcher<int, int>(
            new WorkScheduler(null!),
            async items =>
            {
                lock (calls)
                {
                    calls.Add(items.Count);
                }

                await gate.Task;
                return items.Contains(7) ? throw new NotSupportedException("7") : [.. items.Select(static item => item * 2)];
            },
            most: 100,
            static exception => exception is NotSupportedException);
        var first = new[] { batcher.SendAsync(100), batcher.SendAsync(200) };
        await Eventually.IsAsync(() =>
        {
            lock (calls)
            {
                return calls.Sum() == 2;
            }
        });
        var rest = Enumerable.Range(0, 20).Select(batcher.SendAsync).ToList();
        gate.SetResult();

        await Task.WhenAll(first);
        for (var item = 0; item < 20; item++)
        {
            if (item == 7)
            {
                await Assert.ThrowsAsync<NotSupportedException>(() => rest[7]);
            }
            else
            {
                Assert.Equal(item * 2, await rest[item]);
            }
        }
    }

    [Fact]
    public async Task AnOutage_FailsAll_AndIsTriedOnce()
    {
        var calls = 0;
        var batcher = new Batcher<int, int>(
            new WorkScheduler(null!),
            _ =>
            {
                Interlocked.Increment(ref calls);
                throw new IOException("away");
            },
            most: 100,
            static exception => exception is NotSupportedException);

        var all = Enumerable.Range(0, 20).Select(batcher.SendAsync).ToList();
        foreach (var one in all)
        {
            await Assert.ThrowsAsync<IOException>(() => one);
        }

        Assert.InRange(calls, 1, 20);
    }
}
