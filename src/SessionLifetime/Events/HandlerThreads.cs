namespace SessionLifetime;

/// <summary>
/// The threads on which handlers start. Handlers may block, and must not delay those of other sessions, nor the requests and timers that
/// live on the thread pool: so they have threads of their own.
/// </summary>
/// <remarks>
/// As many threads as the machine has processors take work from one queue. When work waits and none of it has been taken for
/// <see cref="s_patience"/>, all of them must be blocked: as many again are added, up to <see cref="MaxThreads"/>. A thread that has had
/// nothing to do for <see cref="s_idleLife"/> ends; with nothing to do at all there is none. The waits here are no deadlines of sessions,
/// only how a scheduler notices that it stands still; so they are real time, whatever clock the sessions run on.
/// </remarks>
internal sealed class HandlerThreads : IDisposable
{
    /// <summary>The most threads: more handlers than that blocking at once do delay others.</summary>
    public const int MaxThreads = 512;

    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_idleLife = TimeSpan.FromSeconds(10);

    private readonly object _lock = new();
    private readonly Queue<IThreadPoolWorkItem> _work = new();
    private readonly ManualResetEventSlim _disposed = new();
    private int _threads;
    private int _idle;
    private long _taken;
    private bool _isWatched;
    private bool _isDisposed;

    public void Queue(IThreadPoolWorkItem work)
    {
        lock (_lock)
        {
            _work.Enqueue(work);
            if (_work.Count <= _idle)
            {
                Monitor.Pulse(_lock);
            }
            else if (_threads < Environment.ProcessorCount)
            {
                Add(1);
            }
            else if (!_isWatched)
            {
                _isWatched = true;
                Start(Watch, "watch");
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            Monitor.PulseAll(_lock);
        }

        _disposed.Set();
    }

    private static void Start(ThreadStart body, string name) =>
        new Thread(body) { IsBackground = true, Name = $"SessionLifetime handlers {name}" }.UnsafeStart();

    private void Add(int count)
    {
        for (var i = 0; i < count && _threads < MaxThreads; i++)
        {
            _threads++;
            Start(Work, "worker");
        }
    }

    private void Work()
    {
        while (TryTake(out var work))
        {
            work.Execute();
        }
    }

    private bool TryTake(out IThreadPoolWorkItem work)
    {
        lock (_lock)
        {
            while (!_work.TryDequeue(out work!))
            {
                _idle++;
                var isWoken = Monitor.Wait(_lock, s_idleLife);
                _idle--;
                if (_isDisposed || (!isWoken && _work.Count == 0))
                {
                    _threads--;
                    return false;
                }
            }

            _taken++;
            return true;
        }
    }

    /// <summary>Runs while work waits, and adds threads when it does not move.</summary>
    private void Watch()
    {
        long taken = -1;
        do
        {
            lock (_lock)
            {
                if (_work.Count == 0)
                {
                    _isWatched = false;
                    return;
                }

                if (_taken == taken)
                {
                    Add(_threads);
                }

                taken = _taken;
            }
        }
        while (!_disposed.Wait(s_patience));
    }
}
