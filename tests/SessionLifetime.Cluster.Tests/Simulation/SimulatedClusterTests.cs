using System.Collections.Concurrent;

namespace SessionLifetime.Cluster.Tests.Simulation;

/// <summary>Histories of clusters on virtual time, with faults of every kind, against what is promised. Seeds are fixed; a failing one is named. They have all processors.</summary>
[CollectionDefinition(nameof(SimulatedClusterTests), DisableParallelization = true)]
[Collection(nameof(SimulatedClusterTests))]
public sealed class SimulatedClusterTests(ITestOutputHelper output)
{
    // More for a long run: SESSIONLIFETIME_HISTORIES=1000000 dotnet test --filter SimulatedClusterTests. tests/run.sh plays 2,000.
    private static readonly int s_histories = int.TryParse(Environment.GetEnvironmentVariable("SESSIONLIFETIME_HISTORIES"), out var count) ? count
        : Environment.GetEnvironmentVariable("SESSIONLIFETIME_TESTS_COMPLETE") == "1" ? 2_000 : 500;

    private const int Parts = 5;

    private static readonly int s_first = int.TryParse(Environment.GetEnvironmentVariable("SESSIONLIFETIME_FIRST"), out var first) ? first : 0;

    // In parts, so that each is done before it is taken for a test that hangs.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Histories_KeepEveryPromise(int part)
    {
        var (total, failures) = (default(HistoryCounts), new ConcurrentQueue<string>());
        var lockOfTotal = new Lock();
        var (from, to) = (s_first + (int)((long)s_histories * part / Parts), s_first + (int)((long)s_histories * (part + 1) / Parts));
        Parallel.For(from, to, new() { MaxDegreeOfParallelism = Environment.ProcessorCount }, seed =>
        {
            try
            {
                // One in ten without faults.
                var history = History.Play(seed, isCalm: seed % 10 == 0);
                lock (lockOfTotal)
                {
                    total += history.Counts;
                }

                history.DisposeAsync().AsTask().GetAwaiter().GetResult();
            }
            catch (Xunit.Sdk.XunitException exception)
            {
                failures.Enqueue(exception.Message);
            }
        });

        output.WriteLine($"{to - from} histories: {total}");
        Assert.True(failures.IsEmpty, string.Join(Environment.NewLine, failures));
    }

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
    [InlineData(nameof(Mutant.NoGuard))]
    [InlineData(nameof(Mutant.UnaskedLooks))]
    [InlineData(nameof(Mutant.LostTouches))]
    [InlineData(nameof(Mutant.LostEvents))]
    [InlineData(nameof(Mutant.SharedEvents))]
    public void ABrokenRule_IsNoticed(string name)
    {
        var mutant = Enum.Parse<Mutant>(name);
        var noticed = new ConcurrentQueue<string>();
        Parallel.For(0, 2_000, new() { MaxDegreeOfParallelism = Environment.ProcessorCount }, (seed, loop) =>
        {
            try
            {
                History.Play(seed, mutant: mutant).DisposeAsync().AsTask().GetAwaiter().GetResult();
            }
            catch (Xunit.Sdk.XunitException exception)
            {
                noticed.Enqueue($"{mutant}: seed {seed}: {exception.Message.Split(Environment.NewLine)[0]}");
                loop.Stop();
            }
        });

        Assert.False(noticed.IsEmpty, $"{mutant} was not noticed.");
        output.WriteLine(noticed.First());
    }
}
