using System.Collections.Concurrent;

namespace SessionLifetime.Scheduling;

/// <summary>
/// The threads on which handlers start. Handlers may block, and must not delay those of other sessions, nor the requests and timers that
/// live on the thread pool: so they have threads of their own.
/// </summary>
/// <remarks>
/// <para>
/// As many threads as the machine has processors take work from one queue. When work waits and none of it has been taken for
/// <see cref="s_patience"/>, all of them must be blocked: as many again are added, up to the most. A thread that has had
/// nothing to do for <see cref="s_idleLife"/> ends; with nothing to do at all there is none. The waits here are no deadlines of sessions,
/// only how a scheduler notices that it stands still; so they are real time, whatever clock the sessions run on.
/// </para>
/// <para>
/// A thread is requested once, not for every piece of work: <see cref="_isAsked"/> says that a thread (woken, started, or the watch) will look
/// into the queue after it was set. That thread resets it first, and requests another when it finds more than one piece of work. So a sweep that ends a million sessions wakes a thread now and then, and not a million times.
/// </para>
/// </remarks>
/// <param name="maxThreads">The most threads. Those that were abandoned together with a call that blocks them do not count.</param>
internal sealed class HandlerThreads(int maxThreads) : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_idleLife = TimeSpan.FromSeconds(10);

    private readonly object _lock = new();
    private readonly ConcurrentQueue<IThreadPoolWorkItem> _work = new();
    private readonly ManualResetEventSlim _disposed = new();
    private int _isAsked;
    private int _threads;
    private int _idle;
    private int _woken;
    private long _taken;
    private bool _isWatched;
    private bool _isDisposed;

    public void Queue(IThreadPoolWorkItem work)
    {
        _work.Enqueue(work);
        Ask();
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

    /// <summary>Makes sure that a thread looks into the queue after this call.</summary>
    private void Ask()
    {
        if (Interlocked.Exchange(ref _isAsked, 1) != 0)
        {
            return;
        }

        lock (_lock)
        {
            if (_idle > _woken)
            {
                _woken++;
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

    private void Add(int count)
    {
        for (var i = 0; i < count && _threads < maxThreads; i++)
        {
            _threads++;
            Start(Work, "worker");
        }
    }

    private void Work()
    {
        var thread = new HandlerThread(OnReleased);
        thread.Enter();
        do
        {
            Interlocked.Exchange(ref _isAsked, 0);
            var isFirst = true;
            while (_work.TryDequeue(out var work))
            {
                if (isFirst && !_work.IsEmpty)
                {
                    Ask();
                }

                // Two threads that count at once may count one: the watch only needs to see a change.
                _taken++;
                isFirst = false;
                work.Execute();
                if (!thread.TryGoOn())
                {
                    return;
                }
            }
        }
        while (WaitForWork());
    }

    /// <summary>False when there was none for so long that the thread ends.</summary>
    private bool WaitForWork()
    {
        lock (_lock)
        {
            // Counted as idle before the last look: work queued after that look finds an idle thread.
            _idle++;
            Interlocked.Exchange(ref _isAsked, 0);
            var isThere = !_work.IsEmpty;
            if (!isThere && !_isDisposed)
            {
                Monitor.Wait(_lock, s_idleLife);
                isThere = _woken > 0;
                _woken -= isThere ? 1 : 0;
            }

            _idle--;
            _threads -= isThere ? 0 : 1;
            return isThere;
        }
    }

    /// <summary>A thread was abandoned: another may be started for the work that waits.</summary>
    private void OnReleased()
    {
        lock (_lock)
        {
            _threads--;
        }

        if (!_work.IsEmpty)
        {
            Ask();
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
                Interlocked.Exchange(ref _isAsked, 0);
                if (_work.IsEmpty)
                {
                    _isWatched = false;
                    return;
                }

                // It looks again.
                Volatile.Write(ref _isAsked, 1);
                if (_taken == taken)
                {
                    // None is left where all were abandoned.
                    Add(Math.Max(1, _threads));
                }

                taken = _taken;
            }
        }
        while (!_disposed.Wait(s_patience));
    }
}
