using System.Data.Common;
using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Scheduling;

namespace SessionLifetime.Cluster;

/// <summary>
/// The way to the store: every call is bounded in time, and what fails is one kind of exception. While the store is away, calls that somebody waits for
/// fail at once, but for one try every <see cref="ClusterPace.Flush"/>. A call that a database refuses says nothing of the others.
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

    /// <summary>
    /// Whether the last call failed, just now: a process that stood still since then does not know, and asks. While a store is away, calls fail more often.
    /// </summary>
    public bool IsAway => Volatile.Read(ref _isAway) && time.GetElapsedTime(Volatile.Read(ref _lastTry)) <= pace.LongestPause;

    /// <summary>Calls the store, and waits for at most a second, or F where that is longer.</summary>
    /// <param name="what">What is done, for the message.</param>
    /// <param name="call">The call.</param>
    /// <param name="isEssential">Whether it is tried however lately another failed.</param>
    /// <param name="limit">How long it may take, where that is longer. Such a call says nothing about whether the store answers others.</param>
    /// <exception cref="SessionStoreUnavailableException">It failed, or did not answer in time.</exception>
    public async ValueTask<T> CallAsync<T>(
        string what, Func<ISessionBackingStore, CancellationToken, ValueTask<T>> call, bool isEssential = false, TimeSpan? limit = null)
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
            using var within = new TimeLimit(limit ?? Longest, time);
            await within.WaitForAsync(running);
            if (running.IsCompleted)
            {
                var result = await running;
                Answered();
                return result;
            }
        }
        catch (Exception exception) when (exception is not SessionStoreUnavailableException)
        {
            if (limit is null && !IsRefusal(exception))
            {
                Failed(begun, exception);
            }

            throw new SessionStoreUnavailableException($"The store of the sessions failed: {what}. {exception.Message}", exception);
        }

        stop.Cancel();
        _ = running.ContinueWith(
            static late => late.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        if (limit is null)
        {
            Failed(begun, exception: null);
        }

        throw new SessionStoreUnavailableException($"The store of the sessions did not answer within {(limit ?? Longest).TotalSeconds} s: {what}.");
    }

    /// <summary>
    /// Whether the store has answered, and refuses what it was given: a text it cannot keep, an index it does not fit into. Classes of SQL: 08 connection, 25 state of
    /// the transaction, 40 rollback, 53 resources, 57 and 58 the server itself mean an outage, or pass.
    /// </summary>
    public static bool IsRefusal(Exception exception)
    {
        var state = ((exception as SessionStoreUnavailableException)?.InnerException ?? exception) is DbException { SqlState: { Length: 5 } known } ? known : null;
        return state is not null && state[..2] is not ("08" or "25" or "40" or "53" or "57" or "58");
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
        if (Volatile.Read(ref _isAway))
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
