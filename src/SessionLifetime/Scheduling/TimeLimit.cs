using SessionLifetime.Time;

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
    private readonly TimeSpan _limit;
    private readonly ProcessClock? _clock;
    private readonly Moment _begun;
    private readonly ITimer _timer;

    /// <param name="limit">How long.</param>
    /// <param name="time">Runs the timer.</param>
    /// <param name="clock">By which clock, where time in which the process did not run is not to count; null where it counts.</param>
    public TimeLimit(TimeSpan limit, TimeProvider time, ProcessClock? clock = null)
    {
        (_limit, _clock, _begun) = (limit, clock, clock?.Now ?? default);

        // Armed when it is known here: it may fire at once.
        _timer = time.CreateTimer(static state => ((TimeLimit)state!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(limit, Timeout.InfiniteTimeSpan);
    }

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

    private void Look()
    {
        var left = _clock is null ? TimeSpan.Zero : _limit - _clock.Now.Since(_begun);
        if (left <= TimeSpan.Zero)
        {
            _passed.TrySetResult();
            return;
        }

        _timer.Change(left, Timeout.InfiniteTimeSpan);
    }

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
