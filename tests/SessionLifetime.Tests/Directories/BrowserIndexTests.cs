using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Tests.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Tests.Directories;

public sealed class BrowserIndexTests
{
    private readonly SessionRegistry _registry = new();
    private readonly BrowserIndex _index;

    public BrowserIndexTests() => _index = new(_registry);

    [Fact]
    public void RandomUse_AgreesWithSets()
    {
        var random = new Random(11);
        var keys = Enumerable.Range(0, 300).Select(static _ => BrowserKey.Create()).ToArray();
        var expected = keys.ToDictionary(static key => key.ToId(), static _ => new HashSet<SessionEntry>());
        for (var step = 0; step < 40_000; step++)
        {
            // A few browsers with many sessions, many with few.
            var key = keys[(int)(keys.Length * Math.Pow(random.NextDouble(), 3))];
            var members = expected[key.ToId()];
            if (random.Next(2) == 0)
            {
                var entry = Entry(key);
                var addition = _index.Enter(key.ToId(), entry, max: 20);
                Assert.Equal(members.Count < 20 ? PlacementResult.Added : PlacementResult.BrowserFull, addition);
                if (addition == PlacementResult.Added)
                {
                    Assert.Equal(PlacementResult.Added, _index.Enter(key.ToId(), entry, max: 20));
                    members.Add(entry);
                }
            }
            else if (members.Count > 0)
            {
                var leaving = members.ElementAt(random.Next(members.Count));
                members.Remove(leaving);
                _index.Leave(leaving);
                _index.Leave(leaving);
                _registry.Remove(leaving);
            }
        }

        Assert.All(expected, pair => Assert.Equal(pair.Value, _index.Members(pair.Key).ToHashSet()));
        Assert.Equal(expected.Count(static pair => pair.Value.Count > 0), _index.Count);
    }

    [Fact]
    public void Enter_ReservedForAnotherBrowser_HasToLookAgain_UntilItIsFree()
    {
        var (mine, yours) = (BrowserKey.Create().ToId(), BrowserKey.Create().ToId());
        var entry = new SessionEntry(SessionId.Create(), PublicId.Create(), new Moment(1));
        _registry.Add(entry);

        Assert.Equal(PlacementResult.Added, _index.Enter(mine, entry, int.MaxValue));
        Assert.Equal(PlacementResult.Moved, _index.Enter(yours, entry, int.MaxValue));
        _index.Settle(yours, entry);
        Assert.Equal([entry], _index.Members(mine));

        // It was not given: the place is free again.
        _index.Settle(mine, entry);
        Assert.Empty(_index.Members(mine));
        Assert.Equal(PlacementResult.Added, _index.Enter(yours, entry, int.MaxValue));
        Assert.Equal([entry], _index.Members(yours));
    }

    [Fact]
    public void Enter_AfterTheEnd_TakesNoPlace()
    {
        var browser = BrowserKey.Create().ToId();
        var entry = new SessionEntry(SessionId.Create(), PublicId.Create(), new Moment(1));
        _registry.Add(entry);
        var next = entry.Read();
        Clockwork.End(ref next, SessionEndReason.Exited, Moment.Before, Sample.Timings(), Moment.Before);
        Assert.True(entry.TryCommit(entry.Read(), next, Moment.Never));

        Assert.Equal(PlacementResult.Moved, _index.Enter(browser, entry, int.MaxValue));
        Assert.Equal(0, _index.Count);
        Assert.Equal(0UL, entry.Browsers.Of);
    }

    private SessionEntry Entry(BrowserKey key)
    {
        var entry = new SessionEntry(SessionId.Create(), PublicId.Create(), new Moment(1), new SessionOwner(key, user: null));
        _registry.Add(entry);
        return entry;
    }
}
