using System.Diagnostics;

namespace SessionLifetime.Benchmarks;

/// <summary>How long things take, on a machine that does other things too: many short rounds, their median.</summary>
internal static class Measure
{
    private const int Rounds = 15;

    /// <summary>
    /// Nanoseconds of one call of each action. The actions take turns within a round, so that what disturbs the machine disturbs all of
    /// them, and each figure is the median over the rounds.
    /// </summary>
    public static double[] Nanoseconds(int calls, params Action[] actions)
    {
        foreach (var action in actions)
        {
            Loop(action, Math.Max(calls, 50_000));
        }

        // What was compiled in a hurry is compiled anew in the background.
        Thread.Sleep(300);
        var samples = actions.Select(static _ => new List<double>()).ToArray();
        for (var round = 0; round < Rounds; round++)
        {
            for (var index = 0; index < actions.Length; index++)
            {
                var startedAt = Stopwatch.GetTimestamp();
                Loop(actions[index], calls);
                samples[index].Add(Stopwatch.GetElapsedTime(startedAt).TotalNanoseconds / calls);
            }
        }

        return [.. samples.Select(Median)];
    }

    /// <summary>Bytes one call of the action allocates on its thread, once it is warm.</summary>
    public static double Bytes(Action action)
    {
        const int Calls = 10_000;
        Loop(action, Calls);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Loop(action, Calls);
        return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)Calls;
    }

    /// <summary>What lives after a full collection.</summary>
    public static long Heap()
    {
        for (var pass = 0; pass < 3; pass++)
        {
            GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }

    public static double Median(List<double> samples)
    {
        samples.Sort();
        return samples[samples.Count / 2];
    }

    private static void Loop(Action action, int calls)
    {
        for (var call = 0; call < calls; call++)
        {
            action();
        }
    }
}
