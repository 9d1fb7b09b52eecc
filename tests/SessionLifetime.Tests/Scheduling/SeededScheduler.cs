using SessionLifetime.Scheduling;

namespace SessionLifetime.Tests.Scheduling;

/// <summary>
/// The scheduler of a simulation: one thread, and of the work that is ready a seeded choice runs next. So a history repeats.
/// </summary>
internal sealed class SeededScheduler(int seed) : SynchronizationContext, IWorkScheduler
{
    private readonly Random _random = new(seed);
    private readonly List<(SendOrPostCallback Work, object? State)> _ready = [];
    private readonly int _thread = Environment.CurrentManagedThreadId;

    /// <summary>Which of how many was chosen, step by step.</summary>
    public List<(int Chosen, int Of)> Choices { get; } = [];

    public void Queue(IThreadPoolWorkItem work) => Post(static state => ((IThreadPoolWorkItem)state!).Execute(), work);

    public override void Post(SendOrPostCallback d, object? state)
    {
        Assert.True(Environment.CurrentManagedThreadId == _thread, "Work came from another thread: a history would not repeat.");
        _ready.Add((d, state));
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
                    done.SetException(exception);
                }
            },
            null);
        return done.Task;
    }

    /// <summary>Runs until nothing is ready.</summary>
    public void Drain()
    {
        while (TryStep())
        {
        }
    }

    /// <summary>Runs a whole simulation.</summary>
    public void Simulate(Func<Task> simulation)
    {
        var outer = Current;
        SetSynchronizationContext(this);
        try
        {
            var running = simulation();
            while (!running.IsCompleted)
            {
                Assert.True(TryStep(), "The simulation waits for something that never comes.");
            }

            running.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(outer);
        }
    }

    private bool TryStep()
    {
        if (_ready.Count == 0)
        {
            return false;
        }

        var chosen = _random.Next(_ready.Count);
        Choices.Add((chosen, _ready.Count));
        var (work, state) = _ready[chosen];
        _ready.RemoveAt(chosen);
        SetSynchronizationContext(this);
        work(state);
        return true;
    }
}
