using System.Text.Json;
using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Time;

namespace SessionLifetime.Cluster;

/// <summary>The two steps by which a node keeps step with the others: the flush and the heartbeat.</summary>
/// <remarks>
/// A flush is complete when every touch that was made before it began, and may be decided upon soon, is in the store. Its beginning is the node's watermark,
/// if the node had heard from the store for the guard by then: until that, what waits in its queue comes first. A node whose last complete flush is too long
/// ago sends no heartbeat: it would hold up the others.
/// </remarks>
internal sealed class NodeHeart(
    NodeState node,
    StoreGate gate,
    SharedSessionDirectory directory,
    EndsNotWritten ends,
    NewsReader news,
    OutboxDelivery delivery,
    ClusterTimings timings,
    TimeProvider time,
    ILogger<NodeHeart> logger)
{
    /// <summary>A start may make tables, and waits for a notice.</summary>
    private static readonly TimeSpan s_longestStart = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private Task<bool>? _beating;
    private long _cursor;
    private long _lastFlush;
    private long _lastProgress;
    private long _lastTry;
    private bool _isSilent;
    private bool _isStopped;

    /// <summary>Registers the node.</summary>
    public async ValueTask StartAsync()
    {
        var sent = node.Clock.Send();
        var settings = JsonSerializer.SerializeToUtf8Bytes(timings.Own, ClusterJson.Default.ClusterSettings);
        var start = await gate.CallAsync(
            "starting",
            (store, stop) => store.StartAsync(new(node.Id, node.Pace.Lease, node.Pace.LiveFor, settings), stop),
            isEssential: true,
            limit: s_longestStart);
        _cursor = start.Cursor;
        _lastFlush = _lastProgress = time.GetTimestamp();
        node.Beat = TryBeatAsync;
        node.Watermark = SessionRecords.At(start.Now.Service);
        node.Clock.TryAccept(sent, start.Now);
        foreach (var warning in start.Warnings)
        {
            logger.StoreWarns(warning);
        }
    }

    /// <summary>Writes what is to be in the store soon.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask FlushAsync()
    {
        var (begun, timestamp, isSettled) = (node.Clock.Now, time.GetTimestamp(), node.Clock.IsSettled);
        await ends.WriteAsync();
        await directory.FlushAsync(all: false);
        _lastFlush = timestamp;
        if (isSettled)
        {
            node.Watermark = Moment.Later(node.Watermark, begun);
            _lastProgress = timestamp;
        }
    }

    /// <summary>As <see cref="BeatAsync"/>; joins the heartbeat under way.</summary>
    /// <returns>False also where the store does not answer.</returns>
    public Task<bool> TryBeatAsync()
    {
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_isStopped || _beating is not null)
            {
                return _beating ?? Task.FromResult(false);
            }

            _beating = done.Task;
        }

        _ = RunAsync();
        return done.Task;

        async Task RunAsync()
        {
            var isAnswered = false;
            try
            {
                isAnswered = await BeatAsync();
            }
            catch (SessionStoreUnavailableException)
            {
                // The gate has logged it.
            }
            catch (Exception exception)
            {
                logger.NodeStepFailed(exception);
            }

            lock (_lock)
            {
                _beating = null;
            }

            done.SetResult(isAnswered);
        }
    }

    /// <summary>
    /// No heartbeat is sent any more, which would register the node again, and from now on it answers nothing from memory: what comes after the last flush
    /// would be in no store.
    /// </summary>
    public async ValueTask StopAsync()
    {
        Task beating;
        lock (_lock)
        {
            (_isStopped, beating) = (true, _beating ?? Task.CompletedTask);
        }

        await beating;
        node.Clock.End();
    }

    /// <summary>
    /// Whether the node's watermark has not moved for so long that all others wait for it: answers come too late for a clock, or only now and then. It is
    /// silent then, so that it counts as gone, but for one try every while.
    /// </summary>
    private bool IsHoldingUp()
    {
        if (time.GetElapsedTime(_lastProgress) <= node.Pace.LiveFor + (node.Pace.Guard * 2))
        {
            return false;
        }

        if (_isSilent && time.GetElapsedTime(_lastTry) < node.Pace.LiveFor * 2)
        {
            return true;
        }

        (_isSilent, _lastTry) = (true, time.GetTimestamp());
        return false;
    }

    /// <summary>Tells the store that the node lives, and learns what has changed.</summary>
    /// <returns>False when the answer came too late to count.</returns>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask<bool> BeatAsync()
    {
        if (time.GetElapsedTime(_lastFlush) > node.Pace.LiveFor || IsHoldingUp())
        {
            return false;
        }

        var sent = node.Clock.Send();
        var cursor = _cursor;
        var beat = new NodeHeartbeat(node.Id, SessionRecords.Span(node.Watermark), node.Pace.Lease, node.Pace.LiveFor, cursor);
        var answer = await gate.CallAsync("sending a heartbeat", (store, stop) => store.HeartbeatAsync(beat, stop), isEssential: true);
        if (answer.Cursor < cursor)
        {
            logger.StoreWentBack();
            directory.News.DistrustAll();
            _cursor = answer.Cursor;
        }

        // Before the lease is longer: nothing that is known to be over is answered from memory.
        directory.News.Distrust(answer.Changes);
        node.Heard(answer.Nodes, answer.Sessions);
        if (!node.Clock.TryAccept(sent, answer.Now))
        {
            return false;
        }

        if (_isSilent)
        {
            // It has been heard in time again: it may show that it keeps step.
            (_isSilent, _lastProgress) = (false, time.GetTimestamp());
        }

        _cursor = Math.Max(_cursor, answer.Cursor);
        directory.News.HeedTold(answer.Changes);
        news.Wake();
        timings.Follow(answer.Settings.Span);
        delivery.Wake();
        return true;
    }
}
