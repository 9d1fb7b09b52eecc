using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Scheduling;

namespace SessionLifetime.Cluster;

/// <summary>
/// The way to the store: every call is bounded in time, and what fails is one kind of exception. While the store is away, calls that somebody waits for
/// fail at once, but for one try every <see cref="ClusterPace.Flush"/>.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="pace">The durations.</param>
/// <param name="time">Measures them.</param>
/// <param name="logger">Told when the store goes away and comes back.</param>
internal sealed class StoreGate(ISessionBackingStore store, ClusterPace pace, TimeProvider time, ILogger<StoreGate> logger)
{
    private readonly Lock _lock = new();
    private long _lastTry;
    private bool _isAway;

    /// <summary>Whether the last call failed.</summary>
    public bool IsAway => Volatile.Read(ref _isAway);

    /// <summary>Calls the store, and waits for at most a second, or F where that is longer.</summary>
    /// <param name="what">What is done, for the message.</param>
    /// <param name="call">The call.</param>
    /// <param name="isEssential">Whether it is tried however lately another failed.</param>
    /// <exception cref="SessionStoreUnavailableException">It failed, or did not answer in time.</exception>
    public async ValueTask<T> CallAsync<T>(
        string what, Func<ISessionBackingStore, CancellationToken, ValueTask<T>> call, bool isEssential = false)
    {
        if (!MayTry(isEssential))
        {
            throw new SessionStoreUnavailableException($"The store of the sessions does not answer: {what} was not tried.");
        }

        var begun = time.GetTimestamp();

        // Not a token of the caller's: what was sent is finished, so that its answer is known.
        using var stop = new CancellationTokenSource();
        Task<T> running;
        try
        {
            var calling = call(store, stop.Token);
            if (calling.IsCompletedSuccessfully)
            {
                Answered();
                return calling.Result;
            }

            running = calling.AsTask();
            using var limit = new TimeLimit(Longest, time);
            await limit.WaitForAsync(running);
            if (running.IsCompleted)
            {
                var result = await running;
                Answered();
                return result;
            }
        }
        catch (Exception exception) when (exception is not SessionStoreUnavailableException)
        {
            Failed(begun, exception);
            throw new SessionStoreUnavailableException($"The store of the sessions failed: {what}. {exception.Message}", exception);
        }

        stop.Cancel();
        _ = running.ContinueWith(
            static late => late.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        Failed(begun, exception: null);
        throw new SessionStoreUnavailableException($"The store of the sessions did not answer within {Longest.TotalSeconds} s: {what}.");
    }

    private TimeSpan Longest => pace.Flush > TimeSpan.FromSeconds(1) ? pace.Flush : TimeSpan.FromSeconds(1);

    private bool MayTry(bool isEssential)
    {
        if (!IsAway || isEssential)
        {
            return true;
        }

        lock (_lock)
        {
            if (time.GetElapsedTime(_lastTry) < pace.Flush)
            {
                return false;
            }

            _lastTry = time.GetTimestamp();
            return true;
        }
    }

    private void Answered()
    {
        if (IsAway)
        {
            Volatile.Write(ref _isAway, false);
            logger.StoreIsBack();
        }
    }

    private void Failed(long begun, Exception? exception)
    {
        if (time.GetElapsedTime(begun) > Longest * 2)
        {
            // No call takes that long: this process stood still meanwhile. It says nothing of the store, and the next call is tried.
            return;
        }

        bool isNew;
        lock (_lock)
        {
            isNew = !_isAway;
            _isAway = true;
            _lastTry = time.GetTimestamp();
        }

        if (isNew)
        {
            logger.StoreIsAway(exception);
        }
    }
}
