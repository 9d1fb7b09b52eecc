using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Tests.Directories;

public sealed class DueIndexTests
{
    private const long Width = 1000;

    [Fact]
    public void TakeDue_GivesWhatIsDue_AndNothingElse()
    {
        var index = Index();
        var early = Put(index, 1500);
        var later = Put(index, 1700);
        var farAway = Put(index, Width * 100_000);

        Assert.Equal([], Take(index, 1499));
        Assert.Equal([early], Take(index, 1500));
        Assert.Equal([], Take(index, 1699));
        Assert.Equal([later], Take(index, 5000));
        Assert.Equal([], Take(index, 6000));
        _ = farAway;
    }

    [Fact]
    public void Put_Later_LeavesItWhereItStands_AndTheSweepMovesIt()
    {
        var index = Index();
        var entry = Put(index, 1500);
        Due(entry, 9000);
        index.Put(entry, new Moment(9000));

        Assert.Equal([entry], Take(index, 2500));
        index.Put(entry, new Moment(9000));
        Assert.Equal([], Take(index, 8999));
        Assert.Equal([entry], Take(index, 9000));
    }

    [Fact]
    public void Put_Earlier_MovesItAtOnce()
    {
        var index = Index();
        var entry = Put(index, 900_000);
        Due(entry, 2000);
        index.Put(entry, new Moment(2000));

        Assert.Equal([entry], Take(index, 2000));
        Assert.Equal([], Take(index, 2_000_000));
    }

    [Fact]
    public void Put_BeyondTheHorizonOrNever_IsLookedAtOnceInATurn()
    {
        var index = Index();
        var entry = Put(index, long.MaxValue);

        Assert.Equal([], Take(index, Width * 4000));
        Assert.Equal([entry], Take(index, Width * 4097));
    }

    [Fact]
    public void TakeDue_AfterAPauseOfManyTurns_FindsEverything()
    {
        var index = Index();
        var entries = Enumerable.Range(1, 500).Select(i => Put(index, i * 7919L)).ToHashSet();

        Assert.Equal(entries, Take(index, Width * 1_000_000).ToHashSet());
        var late = Put(index, Width * 1_000_000 + 500);
        Assert.Equal([late], Take(index, Width * 1_000_001));
    }

    [Theory]
    [InlineData(3000)]
    [InlineData(5000)]
    [InlineData(5_000_000_000)]
    public void TakeDue_InSmallBatches_PutBackMeanwhile_GivesEachOnceAndEnds(long slots)
    {
        var index = Index();
        var now = new Moment(Width * slots);
        var entries = Enumerable.Range(1, 2000).Select(i => Put(index, i * 1400L)).ToHashSet();
        var removed = entries.ElementAt(77);
        var batch = new SessionEntry[7];
        var taken = new HashSet<SessionEntry>();
        for (int count; (count = index.TakeDue(batch, now)) > 0;)
        {
            foreach (var entry in batch.AsSpan(0, count))
            {
                Assert.True(taken.Add(entry));
                Due(entry, now.Ticks + (Width * (taken.Count % 5)) + 1);
                index.Put(entry, entry.NextDue);
            }

            index.Forget(removed);
            index.Put(removed, now);
            _registry.Add(removed);
            index.Put(removed, new Moment(now.Ticks + 1));
        }

        Assert.Equal(entries, taken);
        Assert.Equal(2000, Take(index, now.Ticks + (Width * 5)).Count);
    }

    [Fact]
    public void Forget_TakesItOut_FromAnyPlaceInItsSlot()
    {
        var index = Index();
        var entries = Enumerable.Range(0, 10).Select(_ => Put(index, 1500)).ToList();
        foreach (var i in new[] { 0, 9, 4 })
        {
            index.Forget(entries[i]);
            index.Forget(entries[i]);
        }

        Assert.Equal(entries.Where((_, i) => i is not (0 or 9 or 4)).ToHashSet(), Take(index, 1500).ToHashSet());
    }

    [Fact]
    public void RandomUse_AgreesWithAList()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var index = Index();
            var due = new Dictionary<SessionEntry, long>();
            long now = 1;
            for (var step = 0; step < 300; step++)
            {
                switch (random.Next(4))
                {
                    case 0:
                        var at = now + random.Next(1, 3_000_000);
                        due[Put(index, at)] = at;
                        break;
                    case 1 when due.Count > 0:
                        var moved = due.Keys.ElementAt(random.Next(due.Count));
                        due[moved] = now + random.Next(1, 3_000_000);
                        Due(moved, due[moved]);
                        index.Put(moved, new Moment(due[moved]));
                        break;
                    case 2 when due.Count > 0:
                        var removed = due.Keys.ElementAt(random.Next(due.Count));
                        due.Remove(removed);
                        index.Forget(removed);
                        break;
                    default:
                        now += random.Next(4) == 0 ? random.Next(2_000_000) : random.Next(3000);
                        var taken = new HashSet<SessionEntry>();
                        foreach (var entry in Take(index, now))
                        {
                            Assert.True(taken.Add(entry));
                            if (due[entry] > now)
                            {
                                // Handed out early, as lazily moved sessions are: back it goes.
                                index.Put(entry, new Moment(due[entry]));
                            }
                            else
                            {
                                due.Remove(entry);
                            }
                        }

                        Assert.DoesNotContain(due, pair => pair.Value <= now);
                        break;
                }
            }
        }
    }

    private readonly SessionRegistry _registry = new();

    private DueIndex Index() => new(_registry, new TimeSpan(Width * 16));

    private SessionEntry Put(DueIndex index, long due)
    {
        var entry = new SessionEntry(SessionId.Create(), PublicId.Create(), new Moment(1));
        entry.Prepare(new Moment(due), isConfirmed: true);
        _registry.Add(entry);
        index.Put(entry, new Moment(due));
        return entry;
    }

    private static void Due(SessionEntry entry, long due) => entry.Refresh(entry.Read(), new Moment(due));

    private static List<SessionEntry> Take(DueIndex index, long now)
    {
        var taken = new List<SessionEntry>();
        var buffer = new SessionEntry[3];
        int count;
        while ((count = index.TakeDue(buffer, new Moment(now))) > 0)
        {
            taken.AddRange(buffer.Take(count));
        }

        return taken;
    }
}
