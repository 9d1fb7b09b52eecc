using SessionLifetime.Tests.Fakes;
using SessionLifetime.Tests.Scheduling;

namespace SessionLifetime.Tests.Engine;

/// <summary>
/// Random histories of one session, played to the engine and to an oracle that was written from the contract alone; after every step
/// both must agree on the state, the reason, the stamps, the status and the events. Seeds are fixed; a failing one is named.
/// </summary>
public sealed class ModelTests
{
    // More for a long run: SESSIONLIFETIME_HISTORIES=1000000 dotnet test --filter ModelTests
    private static readonly int s_histories = int.TryParse(Environment.GetEnvironmentVariable("SESSIONLIFETIME_HISTORIES"), out var count) ? count : 4000;
    private const int Steps = 60;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task RandomHistories_AgreeWithTheOracle(int quarter)
    {
        for (var seed = quarter * s_histories / 4; seed < (quarter + 1) * s_histories / 4; seed++)
        {
            var history = new List<string>();
            try
            {
                await using var host = HostOf(seed);
                await PlayAsync(seed, host, history);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                Assert.Fail(Describe(seed, history, exception));
            }
        }
    }

    [Fact]
    public void RandomHistories_UnderTheSeededScheduler_AgreeWithTheOracleAndRepeat()
    {
        for (var seed = 0; seed < s_histories / 4; seed++)
        {
            var first = Simulate(seed);
            if (seed % 10 == 0)
            {
                var second = Simulate(seed);
                Assert.Equal(first.History, second.History);
                Assert.Equal(first.Events, second.Events);
                Assert.Equal(first.Choices, second.Choices);
                Assert.Equal(Steps, first.History.Count);
            }
        }
    }

    private static (List<string> History, List<string> Events, List<(int Chosen, int Of)> Choices) Simulate(int seed)
    {
        var scheduler = new SeededScheduler(seed);
        var (history, events) = (new List<string>(), new List<string>());
        try
        {
            scheduler.Simulate(async () =>
            {
                await using var host = HostOf(seed, scheduler);
                await PlayAsync(seed, host, history);
                events.AddRange(host.Heard);
            });
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Assert.Fail(Describe(seed, history, exception));
        }

        return (history, events, scheduler.Choices);
    }

    private static string Describe(int seed, List<string> history, Exception exception) =>
        $"Seed {seed} ({OracleSettings.Random(new Random(seed))}) failed after: {string.Join("; ", history)}{Environment.NewLine}{exception}";

    private static EngineHost HostOf(int seed, SeededScheduler? scheduler = null)
    {
        var time = new FakeTimeProvider();
        return new(OracleSettings.Random(new Random(seed)).Apply, time: time, seeded: scheduler);
    }

    private static async Task PlayAsync(int seed, EngineHost host, List<string> history)
    {
        var random = new Random(seed);
        var settings = OracleSettings.Random(random);
        var answers = seed % 3 == 0 ? _ => false : (Func<int, bool>)(raise => ((raise * 2654435761u) ^ (uint)seed) % 3 != 0);
        var oracle = new SessionOracle(settings, answers);
        var raises = 0;
        host.Events.SessionTimeout += (_, e) => e.Handled = answers(++raises);
        host.Record();

        var player = new HistoryPlayer(host, oracle, settings, random);
        await player.StartAsync();
        for (var step = 0; step < Steps; step++)
        {
            history.Add(await player.StepAsync());
            if (random.Next(4) == 0)
            {
                await host.Engine.Directory.FlushAsync();
            }

            if (!history[^1].StartsWith('+'))
            {
                // Not after time has passed: then nobody has looked yet, and the next step is a late look.
                await player.CompareAsync();
            }
        }
    }
}
