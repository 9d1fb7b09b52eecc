using System.Numerics;
using SessionLifetime.Ids;

namespace SessionLifetime.Tests.Ids;

public sealed class SessionIdTests
{
    [Fact]
    public void Reveal_RoundTrips()
    {
        for (var i = 0; i < 1000; i++)
        {
            var id = SessionId.Create();
            var text = id.Reveal();

            Assert.Equal(22, text.Length);
            Assert.True(SessionId.TryParse(text, out var parsed));
            Assert.Equal(id, parsed);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAA==")]
    [InlineData("AAAAAAAAAAAAAAAAAAAA A")]
    [InlineData("AAAAAAAAAAAAAAAAAAAA+A")]
    [InlineData("AAAAAAAAAAAAAAAAAAAA/A")]
    [InlineData("AAAAAAAAAAAAAAAAAAAA,A")]
    [InlineData("ÄAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAA\n")]
    public void TryParse_NotAnId_IsRefused(string? text) => Assert.False(SessionId.TryParse(text, out _));

    [Fact]
    public void TryParse_UnusedBitsSet_IsRefused()
    {
        // 22 characters hold 132 bits; the last four must be zero, or one id would have sixteen spellings.
        Assert.True(SessionId.TryParse("AAAAAAAAAAAAAAAAAAAAAA", out _));
        Assert.False(SessionId.TryParse("AAAAAAAAAAAAAAAAAAAAAB", out _));
    }

    [Fact]
    public void ToString_NeverShowsTheSecret()
    {
        var id = SessionId.Create();

        Assert.DoesNotContain(id.Reveal(), id.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(id.High.ToString(System.Globalization.CultureInfo.InvariantCulture), id.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Create_OneHundredThousand_AreDistinctAndBalanced()
    {
        const int Count = 100_000;
        var seen = new HashSet<SessionId>(Count);
        long ones = 0;
        for (var i = 0; i < Count; i++)
        {
            var id = SessionId.Create();
            Assert.True(seen.Add(id));
            ones += BitOperations.PopCount(id.High) + BitOperations.PopCount(id.Low);
        }

        // 12.8 million coin tosses: 6 standard deviations are about 0.084 %.
        Assert.InRange(ones / (Count * 128.0), 0.499, 0.501);
    }
}
