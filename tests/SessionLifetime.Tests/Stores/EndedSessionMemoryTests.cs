namespace SessionLifetime.Tests.Stores;

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

    private static EndedSession Ended(long at, SessionEndReason reason = SessionEndReason.Exited) =>
        new(SessionId.Create(), PublicId.Create(), reason, new Moment(at));
}
