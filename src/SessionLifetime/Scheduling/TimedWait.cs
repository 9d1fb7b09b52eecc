namespace SessionLifetime.Scheduling;

/// <summary>Waits for a task, for a while. Every step of it runs where the caller's continuations run, so that a simulation repeats.</summary>
internal static class TimedWait
{
    /// <summary>Waits until the task has completed, or the time is over.</summary>
    /// <param name="pending">The task. What it throws is not looked at.</param>
    /// <param name="limit">How long.</param>
    /// <param name="time">By which clock.</param>
    public static async Task ForAsync(Task pending, TimeSpan limit, TimeProvider time)
    {
        using var within = new TimeLimit(limit, time);
        await within.WaitForAsync(pending);
    }
}
