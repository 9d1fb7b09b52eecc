using SessionLifetime.Time;

namespace SessionLifetime.Tests.Time;

public sealed class MomentTests
{
    [Fact]
    public void Plus_BeyondTheEnd_IsNever()
    {
        var late = new Moment(long.MaxValue - 10);

        Assert.True((late + TimeSpan.FromTicks(11)).IsNever);
        Assert.True((late + TimeSpan.FromTicks(10)).IsNever);
        Assert.Equal(long.MaxValue - 1, (late + TimeSpan.FromTicks(9)).Ticks);
        Assert.True((new Moment(1) + TimeSpan.MaxValue).IsNever);
        Assert.True((Moment.Never + TimeSpan.FromTicks(1)).IsNever);
        Assert.True((Moment.Never + TimeSpan.FromTicks(-1)).IsNever);
    }

    [Fact]
    public void Minus_BeyondTheStart_IsBeforeEverything()
    {
        Assert.Equal(Moment.Before, new Moment(5) - TimeSpan.MaxValue);
        Assert.Equal(new Moment(3), new Moment(5) - TimeSpan.FromTicks(2));
        Assert.True((Moment.Never - TimeSpan.FromDays(1)).IsNever);
    }
}
