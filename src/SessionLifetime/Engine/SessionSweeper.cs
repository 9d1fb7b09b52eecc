using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Entries;
using SessionLifetime.Time;

namespace SessionLifetime.Engine;

/// <summary>One pass over the sessions that may be due.</summary>
internal sealed class SessionSweeper(
    SessionEngine engine,
    SessionMetrics metrics,
    SweepHeartbeat heartbeat,
    TimeProvider time,
    ILogger<SessionSweeper> logger)
{
    /// <summary>So many that what was fetched for the last of them is still there when its turn comes.</summary>
    private const int Few = 32;

    /// <summary>So many wait for a store at once: several of its calls, so that it has the next while the node reads what it has answered.</summary>
    private const int MostLooking = 2048;

    private readonly SessionEntry[] _batch = new SessionEntry[256];
    private readonly List<SessionEntry> _failed = [];
    private readonly List<(SessionEntry Entry, Task<bool> Looking)> _looking = [];

    /// <summary>
    /// Looks at every session that may be due now. Not to be called twice at a time. A session that cannot be looked at is logged and
    /// left to the next pass; handlers run elsewhere and delay nothing here.
    /// </summary>
    /// <returns>How many sessions it looked at.</returns>
    public async ValueTask<int> SweepAsync(CancellationToken cancellationToken = default)
    {
        var startedAt = time.GetTimestamp();
        var now = engine.Directory.Now;
        var looked = 0;
        using var span = SessionTracing.Source.StartActivity("SessionLifetime.Sweep");
        int count;
        while ((count = await engine.Directory.TakeDueAsync(_batch, now, cancellationToken)) > 0)
        {
            looked += count;
            var living = Refresh(_batch.AsSpan(0, count), now);
            engine.Directory.Reschedule(_batch.AsSpan(0, living));
            for (var index = living; index < count; index++)
            {
                if ((index - living) % Few == 0)
                {
                    engine.Directory.Prefetch(_batch.AsSpan(index, Math.Min(Few, count - index)));
                }

                Look(_batch[index], now);
            }

            Array.Clear(_batch, 0, count);
            if (_looking.Count >= MostLooking)
            {
                await WhenLookedAsync();
            }
        }

        await WhenLookedAsync();
        foreach (var entry in _failed)
        {
            engine.Directory.Reschedule(entry, now);
        }

        _failed.Clear();
        span?.SetTag("looked", looked);
        metrics.Swept(time.GetElapsedTime(startedAt));
        logger.Swept(looked);
        heartbeat.Beat();
        return looked;
    }

    /// <summary>Brings those on which nothing is due to the front. Returns how many they are.</summary>
    private int Refresh(Span<SessionEntry> entries, Moment now)
    {
        var living = 0;
        for (var index = 0; index < entries.Length; index++)
        {
            if (engine.Refresh(entries[index], now))
            {
                if (index != living)
                {
                    (entries[living], entries[index]) = (entries[index], entries[living]);
                }

                living++;
            }
        }

        return living;
    }

    /// <summary>Looks at one. Those that wait for a store do so together, so that they share their calls.</summary>
    private void Look(SessionEntry entry, Moment now)
    {
        var looking = TryApplyDueRulesAsync(entry, now);
        if (!looking.IsCompletedSuccessfully)
        {
            _looking.Add((entry, looking.AsTask()));
        }
        else if (!looking.Result)
        {
            _failed.Add(entry);
        }
    }

    private async ValueTask WhenLookedAsync()
    {
        foreach (var (entry, looking) in _looking)
        {
            if (!await looking)
            {
                _failed.Add(entry);
            }
        }

        _looking.Clear();
    }

    /// <summary>Applies what is due, and sees to it that a session that lives is found again.</summary>
    /// <returns>False where that failed: it is put back behind this pass, so that it ends.</returns>
    private async ValueTask<bool> TryApplyDueRulesAsync(SessionEntry entry, Moment now)
    {
        if (entry.NextDue is var due && due < now)
        {
            metrics.FoundDue(now.Since(due));
        }

        try
        {
            if (await engine.ApplyDueRulesAsync(entry) != DueRulesResult.Ended)
            {
                engine.Refresh(entry, engine.Directory.Now);
                engine.Directory.Reschedule(entry, entry.NextDue);
            }

            return true;
        }
        catch (SessionStoreUnavailableException)
        {
            // Said once, and not of each session.
            return false;
        }
        catch (Exception exception)
        {
            logger.LookFailed(exception, entry.Id.ToString());
            return false;
        }
    }
}
