namespace SessionLifetime.Cluster.Tests.Simulation;

/// <summary>Histories of clusters on virtual time, with faults of every kind, against the promises of the contract. Seeds are fixed; a failing one is named.</summary>
public sealed class SimulatedClusterTests(ITestOutputHelper output)
{
    // More for a long run: SESSIONLIFETIME_HISTORIES=1000000 dotnet test --filter SimulatedClusterTests
    private static readonly int s_histories = int.TryParse(Environment.GetEnvironmentVariable("SESSIONLIFETIME_HISTORIES"), out var count) ? count : 500;
    private static readonly int s_first = int.TryParse(Environment.GetEnvironmentVariable("SESSIONLIFETIME_FIRST"), out var first) ? first : 0;

    [Fact]
    public Task CalmHistories_KeepEveryPromise() => Play(s_first, s_first + Math.Max(1, s_histories / 10), isCalm: true);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public Task Histories_WithFaults_KeepEveryPromise(int half) =>
        Play(s_first + (half * s_histories / 2), s_first + ((half + 1) * s_histories / 2), isCalm: false);

    [Fact]
    public async Task AHistory_Repeats()
    {
        await using var first = History.Play(s_first);
        await using var second = History.Play(s_first);

        Assert.Equal(first.Lines.Count, second.Lines.Count);
        Assert.Equal(first.Counts, second.Counts);
    }

    [Theory]
    [InlineData(nameof(Mutant.NoWatermarks))]
    [InlineData(nameof(Mutant.NoStamps))]
    [InlineData(nameof(Mutant.LostTouches))]
    [InlineData(nameof(Mutant.LostEvents))]
    [InlineData(nameof(Mutant.SharedEvents))]
    public async Task ABrokenRule_IsNoticed(string name)
    {
        // Not here: NoGuard, which 3,000 histories did not notice. The soak plays more.
        var mutant = Enum.Parse<Mutant>(name);
        for (var seed = 0; seed < 2_000; seed++)
        {
            try
            {
                await using var history = History.Play(seed, mutant: mutant);
            }
            catch (Xunit.Sdk.XunitException exception)
            {
                output.WriteLine($"{mutant}: seed {seed}: {exception.Message.Split(Environment.NewLine)[0]}");
                return;
            }
        }

        Assert.Fail($"{mutant} was not noticed.");
    }

    private async Task Play(int from, int to, bool isCalm)
    {
        var counts = default(HistoryCounts);
        for (var seed = from; seed < to; seed++)
        {
            await using var history = History.Play(seed, isCalm);
            counts += history.Counts;
        }

        output.WriteLine($"{to - from} histories: {counts}");
    }
}
