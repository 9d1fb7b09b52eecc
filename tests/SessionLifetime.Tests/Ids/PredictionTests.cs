using SessionLifetime.Ids;

namespace SessionLifetime.Tests.Ids;

/// <summary>Nobody guesses an id from ids: a million of each kind, none twice, and every bit a fair coin.</summary>
public sealed class PredictionTests
{
    private const int Count = 1_000_000;

    [Fact]
    public void SessionIds_OneMillion_AreDistinctAndEveryBitIsBalanced() => Check(128, static () =>
    {
        var id = SessionId.Create();
        return (id.High, id.Low);
    });

    [Fact]
    public void BrowserKeys_OneMillion_AreDistinctAndEveryBitIsBalanced() => Check(128, static () =>
    {
        var key = BrowserKey.Create();
        return (key.High, key.Low);
    });

    [Fact]
    public void PublicIds_OneMillion_AreDistinctAndEveryBitIsBalanced() => Check(64, static () => (0, PublicId.Create().Value));

    private static void Check(int bits, Func<(ulong High, ulong Low)> create)
    {
        var seen = new HashSet<(ulong, ulong)>(Count);
        var ones = new int[bits];
        var changes = new int[bits];
        var (lastHigh, lastLow) = create();
        for (var i = 0; i < Count; i++)
        {
            var (high, low) = create();
            Assert.True(seen.Add((high, low)));
            for (var bit = 0; bit < bits; bit++)
            {
                var (now, before) = bit < 64 ? (low, lastLow) : (high, lastHigh);
                ones[bit] += (int)((now >> (bit & 63)) & 1);
                changes[bit] += (int)(((now ^ before) >> (bit & 63)) & 1);
            }

            (lastHigh, lastLow) = (high, low);
        }

        // A million coins: one standard deviation is 500. At five of them, one run in some thousand would fail by chance; at seven, one
        // in some hundred million, and a bit that comes up in 50.4 % is still seen.
        Assert.All(ones, static count => Assert.InRange(count, (Count / 2) - 3500, (Count / 2) + 3500));
        Assert.All(changes, static count => Assert.InRange(count, (Count / 2) - 3500, (Count / 2) + 3500));

        // All bits together are tighter: their deviation, squared and summed, is what chance gives.
        var chi = ones.Sum(static count => Math.Pow((count - (Count / 2)) / 500.0, 2));
        Assert.InRange(chi, bits - (8 * Math.Sqrt(2 * bits)), bits + (8 * Math.Sqrt(2 * bits)));
    }
}
