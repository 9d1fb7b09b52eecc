using Microsoft.Extensions.Logging;

namespace SessionLifetime;

/// <summary>One pass over the sessions that may be due and that nobody looks at.</summary>
internal sealed class SessionSweeper(
    SessionEngine engine,
    SessionMetrics metrics,
    SweepHeartbeat heartbeat,
    TimeProvider time,
    ILogger<SessionSweeper> logger)
{
    /// <summary>So many that what was fetched for the last of them is still there when its turn comes.</summary>
    private const int Few = 32;

    private readonly SessionCell[] _batch = new SessionCell[256];
    private readonly List<SessionCell> _failed = [];

    /// <summary>
    /// Looks at every session that may be due now. Not to be called twice at a time. A session that cannot be looked at is logged and
    /// left to the next pass; handlers run elsewhere and delay nothing here.
    /// </summary>
    /// <returns>How many sessions it looked at.</returns>
    public async ValueTask<int> SweepAsync(CancellationToken cancellationToken = default)
    {
        var startedAt = time.GetTimestamp();
        var now = engine.Store.Now;
        var looked = 0;
        using var span = SessionTracing.Source.StartActivity("SessionLifetime.Sweep");
        int count;
        while ((count = await engine.Store.TakeDueAsync(_batch, now, cancellationToken)) > 0)
        {
            looked += count;
            var living = Refresh(_batch.AsSpan(0, count), now);
            engine.Store.Reschedule(_batch.AsSpan(0, living));
            for (var index = living; index < count; index++)
            {
                if ((index - living) % Few == 0)
                {
                    engine.Store.Prefetch(_batch.AsSpan(index, Math.Min(Few, count - index)));
                }

                await LookAsync(_batch[index], now);
            }

            Array.Clear(_batch, 0, count);
        }

        foreach (var cell in _failed)
        {
            engine.Store.Reschedule(cell, now);
        }

        _failed.Clear();
        span?.SetTag("looked", looked);
        metrics.Swept(time.GetElapsedTime(startedAt));
        logger.Swept(looked);
        heartbeat.Beat();
        return looked;
    }

    /// <summary>Brings those on which nothing is due to the front. Returns how many they are.</summary>
    private int Refresh(Span<SessionCell> cells, Moment now)
    {
        var living = 0;
        for (var index = 0; index < cells.Length; index++)
        {
            if (engine.Refresh(cells[index], now))
            {
                if (index != living)
                {
                    (cells[living], cells[index]) = (cells[index], cells[living]);
                }

                living++;
            }
        }

        return living;
    }

    /// <summary>Applies what is due, and sees to it that a session that lives is found again.</summary>
    private async ValueTask LookAsync(SessionCell cell, Moment now)
    {
        if (cell.NextDue is var due && due < now)
        {
            metrics.FoundDue(now.Since(due));
        }

        try
        {
            if (await engine.LookAsync(cell) != LookResult.Ended)
            {
                engine.Refresh(cell, engine.Store.Now);
                engine.Store.Reschedule(cell, cell.NextDue);
            }
        }
        catch (Exception exception)
        {
            // Put back behind this pass, so that it ends.
            logger.LookFailed(exception, cell.Id.ToString());
            _failed.Add(cell);
        }
    }
}
