using System.Diagnostics;
using System.Globalization;
using SessionLifetime.Cluster.Tests.Simulation;

namespace SessionLifetime.Soak.Simulation;

/// <summary>Histories of the simulated cluster, as many as one likes, on all processors. A seed that breaks a promise is named.</summary>
internal sealed class SimulateSoak : ISoak
{
    public string Name => "simulate";

    public string Arguments => "[histories=1000000] [first seed=0] [broken rule]";

    public string Description => "Plays histories of the simulated cluster, one in ten without faults, against what is promised. With a rule that is broken on purpose it stops at the first that notices.";

    public async Task<bool> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var count = arguments.Count > 0 ? long.Parse(arguments[0], CultureInfo.InvariantCulture) : 1_000_000;
        var first = arguments.Count > 1 ? int.Parse(arguments[1], CultureInfo.InvariantCulture) : 0;
        var mutant = arguments.Count > 2 ? Enum.Parse<Mutant>(arguments[2]) : Mutant.None;
        var watch = Stopwatch.StartNew();
        var next = first - 1L;
        var totals = new Totals();

        await Task.WhenAll(Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Task.Run(Play, CancellationToken.None))).ConfigureAwait(false);
        Report();
        return (totals.Broken == 0) == (mutant == Mutant.None);

        async Task Play()
        {
            while (!cancellationToken.IsCancellationRequested && (mutant == Mutant.None || totals.Broken == 0) && Interlocked.Increment(ref next) is var seed && seed < first + count)
            {
                var outcome = default(HistoryCounts);
                string? broken = null;
                try
                {
                    await using var history = History.Play((int)seed, isCalm: mutant == Mutant.None && seed % 10 == 0, mutant);
                    outcome = history.Counts;
                }
                catch (Xunit.Sdk.XunitException exception)
                {
                    broken = exception.Message;
                }

                if (totals.Add(outcome, broken, (int)seed) % 10_000 == 0)
                {
                    Report();
                }
            }
        }

        void Report() =>
            Console.WriteLine($"{watch.Elapsed:hh\\:mm\\:ss}  {totals}");
    }

    private sealed class Totals
    {
        private readonly Lock _lock = new();
        private HistoryCounts _counts;
        private long _played;

        public int Broken { get; private set; }

        public long Add(HistoryCounts counts, string? broken, int seed)
        {
            lock (_lock)
            {
                if (broken is not null)
                {
                    Broken++;
                    Console.WriteLine($"Seed {seed} breaks a promise: {broken}");
                }

                _counts += counts;
                return ++_played;
            }
        }

        public override string ToString()
        {
            lock (_lock)
            {
                return $"{_played} histories, {Broken} broken: {_counts}";
            }
        }
    }
}
