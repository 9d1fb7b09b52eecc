namespace SessionLifetime.Scheduling;

/// <summary>
/// Starts everything that the library does beside requests: handlers, disposals, background work. In an app these are threads; in a
/// simulation one seeded loop, so that a history repeats.
/// </summary>
internal interface IWorkScheduler
{
    /// <summary>Starts work that runs the app's code and may block its thread. It delays no other work.</summary>
    void Queue(IThreadPoolWorkItem work);

    /// <summary>Starts short work of the library's own, or a continuation.</summary>
    void Post(SendOrPostCallback work, object? state);

    /// <summary>Starts work that awaits. The task completes when it has.</summary>
    Task Run(Func<Task> work);
}
