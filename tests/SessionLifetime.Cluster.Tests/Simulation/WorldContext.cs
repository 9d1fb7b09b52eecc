using SessionLifetime.Scheduling;

namespace SessionLifetime.Cluster.Tests.Simulation;

/// <summary>A place where work runs. While it is paused, its work waits; when it is killed, its work is gone.</summary>
internal sealed class WorldContext(World world) : SynchronizationContext, IWorkScheduler
{
    private readonly List<(SendOrPostCallback Work, object? State)> _ready = [];
    private readonly int _thread = Environment.CurrentManagedThreadId;

    public bool IsPaused { get; set; }

    public bool IsKilled { get; private set; }

    /// <summary>How much work could run now.</summary>
    public int Ready => IsPaused || IsKilled ? 0 : _ready.Count;

    public void Kill()
    {
        IsKilled = true;
        _ready.Clear();
    }

    public void Queue(IThreadPoolWorkItem work) => Post(static state => ((IThreadPoolWorkItem)state!).Execute(), work);

    public override void Post(SendOrPostCallback d, object? state)
    {
        Assert.True(Environment.CurrentManagedThreadId == _thread, "Work came from another thread: a history would not repeat.");
        if (!IsKilled)
        {
            _ready.Add((d, state));
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => d(state);

    public override SynchronizationContext CreateCopy() => this;

    public Task Run(Func<Task> work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(
            async _ =>
            {
                try
                {
                    await work();
                    done.SetResult();
                }
                catch (Exception exception)
                {
                    // Nobody waits for what a client does.
                    world.Broken ??= exception is SessionStoreUnavailableException ? null : exception;
                    done.SetException(exception);
                }
            },
            null);
        return done.Task;
    }

    /// <summary>Runs one piece of the work that is ready.</summary>
    public void Run(int index)
    {
        var (work, state) = _ready[index];
        _ready.RemoveAt(index);
        var outer = Current;
        SetSynchronizationContext(this);
        try
        {
            work(state);
        }
        finally
        {
            SetSynchronizationContext(outer);
        }
    }

    /// <summary>A timer of this place fires, if it still is there.</summary>
    public void Fire(TimerCallback callback, object? state) => Post(_ => callback(state), null);

    public World World => world;
}
