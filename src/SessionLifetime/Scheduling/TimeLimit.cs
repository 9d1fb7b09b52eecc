namespace SessionLifetime.Scheduling;

/// <summary>
/// A limit for one or several waits, which runs from its making. Every step of a wait runs where the caller's continuations run, so that
/// a simulation repeats.
/// </summary>
/// <remarks>
/// <see cref="Task.WhenAny(Task[])"/> and a cancelled <see cref="Task.Delay(TimeSpan, TimeProvider)"/> would not do: both may continue on
/// the thread pool, whatever the caller runs on.
/// </remarks>
internal sealed class TimeLimit : IDisposable
{
    private readonly TaskCompletionSource _passed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _timer;

    /// <param name="limit">How long.</param>
    /// <param name="time">By which clock.</param>
    public TimeLimit(TimeSpan limit, TimeProvider time) =>
        _timer = time.CreateTimer(static state => ((TaskCompletionSource)state!).TrySetResult(), _passed, limit, Timeout.InfiniteTimeSpan);

    /// <summary>Completes when the time is over.</summary>
    public Task Passed => _passed.Task;

    /// <summary>Whether the time is over.</summary>
    public bool HasPassed => _passed.Task.IsCompleted;

    /// <summary>Waits until the task has completed, or the time is over.</summary>
    /// <param name="pending">The task. What it throws is not looked at.</param>
    public async Task WaitForAsync(Task pending)
    {
        var woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var isOver = new CancellationTokenSource();
        Wake(pending, woken, isOver.Token);
        Wake(_passed.Task, woken, isOver.Token);
        await woken.Task;

        // Of the two the one that has not completed keeps nothing of this wait: it may go on for as long as the process runs.
        isOver.Cancel();
    }

    /// <summary>The time is never over from now on.</summary>
    public void Dispose() => _timer.Dispose();

    private static void Wake(Task pending, TaskCompletionSource woken, CancellationToken isOver) => _ = pending.ContinueWith(
        static (completed, state) =>
        {
            _ = completed.Exception;
            ((TaskCompletionSource)state!).TrySetResult();
        },
        woken,
        isOver,
        TaskContinuationOptions.None,
        SynchronizationContext.Current is null ? TaskScheduler.Current : TaskScheduler.FromCurrentSynchronizationContext());
}
