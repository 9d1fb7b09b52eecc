using SessionLifetime.Directories;
using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Tests.Directories;

public sealed class EndedSessionMemoryTests
{
    private static readonly TimeSpan s_retention = new(100);

    [Fact]
    public void Find_WithinItsTime_TellsTheReason()
    {
        var memory = new EndedSessionMemory(10, s_retention);
        var ended = Ended(at: 5, SessionEndReason.Revoked);
        memory.Add(ended);

        Assert.Equal(SessionEndReason.Revoked, memory.Find(ended.Secret, new Moment(104))!.Value.Reason);
        Assert.Null(memory.Find(ended.Secret, new Moment(105)));
        Assert.Null(memory.Find(SessionId.Create(), new Moment(5)));
    }

    [Fact]
    public void Add_BeyondItsCapacity_ForgetsTheOldest()
    {
        var memory = new EndedSessionMemory(3, s_retention);
        var all = Enumerable.Range(1, 5).Select(at => Ended(at)).ToList();
        all.ForEach(ended => memory.Add(ended));

        Assert.Equal(3, memory.Count);
        Assert.Equal([false, false, true, true, true], all.Select(ended => memory.Find(ended.Secret, new Moment(6)) is not null));
    }

    [Fact]
    public void Trim_ForgetsWhatIsPastItsTime()
    {
        var memory = new EndedSessionMemory(10, s_retention);
        memory.Add(Ended(1));
        memory.Add(Ended(2));

        memory.Trim(new Moment(101));
        Assert.Equal(1, memory.Count);
        memory.Trim(new Moment(102));
        Assert.Equal(0, memory.Count);
    }

    [Fact]
    public void Add_NoCapacity_RemembersNothing()
    {
        var memory = new EndedSessionMemory(0, s_retention);
        var ended = Ended(1);
        memory.Add(ended);

        Assert.Null(memory.Find(ended.Secret, new Moment(1)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    [InlineData(1000)]
    public void RandomUse_AgreesWithAQueue(int capacity)
    {
        var random = new Random(capacity);
        var memory = new EndedSessionMemory(capacity, s_retention);
        var (all, expected) = (new List<EndedSession>(), new Queue<EndedSession>());
        for (var now = 1; now < 6000; now++)
        {
            for (var count = random.Next(now / 1000 % 2 == 0 ? 40 : 3); count > 0; count--)
            {
                var ended = Ended(now);
                memory.Add(ended);
                all.Add(ended);
                expected.Enqueue(ended);
            }

            while (expected.Count > capacity)
            {
                expected.Dequeue();
            }

            if (random.Next(20) == 0)
            {
                memory.Trim(new Moment(now));
                while (expected.TryPeek(out var oldest) && oldest.EndedAt.Ticks + s_retention.Ticks <= now)
                {
                    expected.Dequeue();
                }

                Assert.Equal(expected.Count, memory.Count);
            }

            var asked = all.Count == 0 ? Ended(now) : all[Math.Max(0, all.Count - 1 - random.Next(2 * capacity))];
            var found = expected.Contains(asked) && asked.EndedAt.Ticks + s_retention.Ticks > now;
            Assert.Equal(found ? asked : null, memory.Find(asked.Secret, new Moment(now)));
        }
    }

    private static EndedSession Ended(long at, SessionEndReason reason = SessionEndReason.Exited) =>
        new(SessionId.Create(), PublicId.Create(), reason, new Moment(at));
}
