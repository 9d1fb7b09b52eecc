using SessionLifetime.Scheduling;

namespace SessionLifetime.Cluster;

/// <summary>Work in rounds, of which one runs at a time: who wakes it while one runs has another one after it.</summary>
/// <param name="scheduler">Starts the rounds.</param>
/// <param name="round">One round; it throws nothing.</param>
internal sealed class WorkRounds(IWorkScheduler scheduler, Func<ValueTask> round)
{
    private int _state;

    /// <summary>Has a round begin now, or after the one that runs.</summary>
    public void Wake()
    {
        // 0: nothing runs. 1: a round runs. 2: another one is wanted after it.
        if (Interlocked.Exchange(ref _state, 2) == 0)
        {
            _ = scheduler.Run(RunAsync);
        }
    }

    private async Task RunAsync()
    {
        do
        {
            Volatile.Write(ref _state, 1);
            await round();
        }
        while (Interlocked.CompareExchange(ref _state, 0, 1) != 1);
    }
}
