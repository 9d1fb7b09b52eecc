using System.Collections.Concurrent;

namespace SessionLifetime.Soak.Use;

/// <summary>Sees how long this process, which is the server, did not run when it wanted to.</summary>
internal sealed class UseStalls : IDisposable
{
    private const double Step = 0.1, Noticed = 0.3;

    private readonly ConcurrentQueue<(double At, double Seconds)> _stalls = new();
    private readonly ManualResetEventSlim _stop = new();
    private readonly UseJournal _journal;
    private readonly Thread _thread;

    public UseStalls(UseJournal journal)
    {
        _journal = journal;
        _thread = new Thread(Watch) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Seconds of all stalls since a moment.</summary>
    public double Since(double moment) => _stalls.Where(stall => stall.At >= moment).Sum(static stall => stall.Seconds);

    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }

    private void Watch()
    {
        for (var last = _journal.Now; !_stop.Wait(TimeSpan.FromSeconds(Step)); last = _journal.Now)
        {
            if (_journal.Now - last - Step is > Noticed and var seconds)
            {
                _stalls.Enqueue((_journal.Now, seconds));
                _journal.Count("stalls of the server");
            }
        }
    }
}
