using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Tests.Directories;

public sealed class SessionTableTests
{
    private readonly SessionRegistry _registry = new();
    private readonly SessionTable<SessionId, SecretLink> _table;

    public SessionTableTests() => _table = new(_registry);

    [Fact]
    public void RandomUse_AgreesWithADictionary()
    {
        var random = new Random(7);
        var expected = new Dictionary<SessionId, SessionEntry>();
        var gone = new List<SessionEntry>();
        for (var step = 0; step < 60_000; step++)
        {
            if (expected.Count == 0 || random.Next(5) < 3)
            {
                var entry = Add();
                expected.Add(entry.Secret, entry);
            }
            else
            {
                var (secret, entry) = expected.ElementAt(random.Next(Math.Min(expected.Count, 50)));
                expected.Remove(secret);
                Remove(entry);
                Assert.False(_table.Remove(entry));
                gone.Add(entry);
            }
        }

        Assert.All(expected, pair => Assert.True(_table.TryGet(pair.Key, out var found) && found == pair.Value));
        Assert.All(gone, entry => Assert.False(_table.TryGet(entry.Secret, out _)));
        Assert.Equal(expected.Values.ToHashSet(), _table.All().ToHashSet());
        Assert.False(_table.TryGet(SessionId.Create(), out _));
    }

    /// <summary>
    /// Sessions come and go as fast as two threads can make them, numbers are used again at once, stripes grow: whoever is there the whole
    /// time is found every time. Half of them share one chain with some that come and go.
    /// </summary>
    [Fact]
    public async Task Whoever_stays_is_found_while_others_come_and_go()
    {
        var staying = Enumerable.Range(0, 40).Select(n => Add(isInChain: n % 2 == 0)).ToArray();
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(
            () =>
            {
                var own = new Queue<SessionEntry>();
                for (var step = 0; !stop.IsCancellationRequested; step++)
                {
                    own.Enqueue(Add(isInChain: step % 3 == 0 && own.Count < 30));

                    // Long stretches of growth, and long ones in which each number is used again as soon as it is free.
                    if (own.Count > 5 && step % 200_000 > 20_000)
                    {
                        Remove(own.Dequeue());
                        Remove(own.Dequeue());
                    }
                }
            },
            TaskCreationOptions.LongRunning)).ToArray();
        var searches = 0;
        for (var round = 0; round < 40_000; round++)
        {
            foreach (var entry in staying)
            {
                Assert.True(_table.TryGet(entry.Secret, out var found) && found == entry, $"lost after {searches}");
                searches++;
            }
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
    }

    private SessionEntry Add(bool isInChain = false)
    {
        var secret = SessionId.Create();
        var entry = new SessionEntry(isInChain ? new(secret.High, secret.Low << 32 >> 8) : secret, PublicId.Create(), new Moment(1));
        _registry.Add(entry);
        _table.Add(entry);
        return entry;
    }

    private void Remove(SessionEntry entry)
    {
        Assert.True(_table.Remove(entry));
        _registry.Remove(entry);
    }
}
