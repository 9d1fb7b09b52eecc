namespace SessionLifetime.Scheduling;

/// <summary>The scheduler of an app: threads of their own for the app's code, the thread pool for everything else.</summary>
internal sealed class WorkScheduler(HandlerThreads threads) : IWorkScheduler
{
    public void Queue(IThreadPoolWorkItem work) => threads.Queue(work);

    public void Post(SendOrPostCallback work, object? state) =>
        ThreadPool.UnsafeQueueUserWorkItem(static one => one.Work(one.State), (Work: work, State: state), preferLocal: false);

    public Task Run(Func<Task> work) => Task.Run(work);
}
