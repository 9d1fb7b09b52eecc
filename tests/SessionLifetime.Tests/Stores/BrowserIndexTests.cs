namespace SessionLifetime.Tests.Stores;

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
        var expected = keys.ToDictionary(static key => key.ToId(), static _ => new HashSet<SessionCell>());
        for (var step = 0; step < 40_000; step++)
        {
            // A few browsers with many sessions, many with few.
            var key = keys[(int)(keys.Length * Math.Pow(random.NextDouble(), 3))];
            var members = expected[key.ToId()];
            if (random.Next(2) == 0)
            {
                var cell = Cell(key);
                var addition = _index.Enter(key.ToId(), cell, max: 20);
                Assert.Equal(members.Count < 20 ? SessionAddition.Added : SessionAddition.BrowserFull, addition);
                if (addition == SessionAddition.Added)
                {
                    Assert.Equal(SessionAddition.Added, _index.Enter(key.ToId(), cell, max: 20));
                    members.Add(cell);
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
        var cell = new SessionCell(SessionId.Create(), PublicId.Create(), new Moment(1));
        _registry.Add(cell);

        Assert.Equal(SessionAddition.Added, _index.Enter(mine, cell, int.MaxValue));
        Assert.Equal(SessionAddition.Moved, _index.Enter(yours, cell, int.MaxValue));
        _index.Settle(yours, cell);
        Assert.Equal([cell], _index.Members(mine));

        // It was not given: the place is free again.
        _index.Settle(mine, cell);
        Assert.Empty(_index.Members(mine));
        Assert.Equal(SessionAddition.Added, _index.Enter(yours, cell, int.MaxValue));
        Assert.Equal([cell], _index.Members(yours));
    }

    [Fact]
    public void Enter_AfterTheEnd_TakesNoPlace()
    {
        var browser = BrowserKey.Create().ToId();
        var cell = new SessionCell(SessionId.Create(), PublicId.Create(), new Moment(1));
        _registry.Add(cell);
        var next = cell.Read();
        Clockwork.End(ref next, SessionEndReason.Exited);
        Assert.True(cell.TryCommit(cell.Read(), next, Moment.Never));

        Assert.Equal(SessionAddition.Moved, _index.Enter(browser, cell, int.MaxValue));
        Assert.Equal(0, _index.Count);
        Assert.Equal(0UL, cell.Browsers.Of);
    }

    private SessionCell Cell(BrowserKey key)
    {
        var cell = new SessionCell(SessionId.Create(), PublicId.Create(), new Moment(1), new SessionOwner(key, user: null));
        _registry.Add(cell);
        return cell;
    }
}
