using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Tests.Engine;

/// <summary>Plays one random history to the engine and to the oracle, a step at a time.</summary>
internal sealed class HistoryPlayer(EngineHost host, SessionOracle oracle, OracleSettings settings, Random random)
{
    private readonly Dictionary<int, SessionHold> _requests = [];
    private readonly HashSet<int> _refused = [];
    private SessionEntry _entry = null!;
    private long _now;
    private int _lastRequest;
    private int _lastPage;

    public async Task StartAsync()
    {
        _entry = await host.StartAsync("p0");
        oracle.Start("p0", "");
    }

    /// <summary>Takes one step; says which.</summary>
    public async Task<string> StepAsync()
    {
        var roll = random.Next(20);
        switch (roll)
        {
            case < 7:
                return Advance();
            case 7:
                return Both("ping", await host.PingAsync(_entry), () => oracle.Count(_now, idle: null, stretch: false, isDetach: false));
            case 8:
                return await IdlePingAsync();
            case 9:
                return Both(
                    "stretch",
                    await host.PingAsync(_entry, new SignalReport { IsStretch = settings.AllowStretch }),
                    () => oracle.Count(_now, idle: null, stretch: true, isDetach: false));
            case 10:
                return Both("activity", await host.PingAsync(_entry, SignalReport.Activity), () => oracle.Count(_now, idle: 0, stretch: false, isDetach: false));
            case 11 or 12:
                return await BeginAsync(isActivity: roll == 11);
            case 13:
                return EndOldest();
            case 14:
                return await AttachAsync();
            case 15:
                return await DetachAsync();
            case 16:
                return await SelfDestructAsync();
            case 17 when random.Next(8) == 0:
                return await ExitAsync();
            case 18:
                return Both("status", await host.Engine.ApplyDueRulesAndWaitAsync(_entry) != DueRulesResult.Ended, () => { });
            default:
                return await SweepAsync();
        }
    }

    public async Task CompareAsync()
    {
        await host.SettleAsync(_entry);
        oracle.Look(_now, answer: true);
        Assert.Equal(oracle.Ended is not null, await host.Engine.ApplyDueRulesAndWaitAsync(_entry) == DueRulesResult.Ended);
        await host.SettleAsync(_entry);
        var seen = _entry.Read();
        Assert.Equal(oracle.Ended, seen.State == SessionState.Ended ? seen.EndReason : null);
        Assert.Equal(oracle.Events, await HeardAsync());
        if (oracle.Ended is not null)
        {
            Assert.False(host.Engine.Directory.TryGet(_entry.Secret, out _));
            Assert.Equal(oracle.Ended, (await host.Engine.Directory.FindEndedAsync(_entry.Secret, default))!.Value.Reason);
            return;
        }

        // What is kept with the entry is what follows from its stamps.
        var derived = seen;
        Clockwork.Derive(ref derived, host.Engine.TimingsOf(seen), host.Engine.Directory.Now);
        Assert.Equal(seen, derived);
        var status = host.Engine.StatusOf(_entry);
        var expected = oracle.Status(_now);
        Assert.Equal(oracle.TimedOut ? SessionState.TimedOut : SessionState.Active, status.State);
        Assert.Equal(oracle.Occurrence, seen.Occurrence);
        Assert.Equal(expected.TimeoutIn, Milliseconds(status.TimeoutIn));
        Assert.Equal(expected.EndsIn, Milliseconds(status.EndsIn));
        Assert.Equal(expected.EndsBy, status.EndsBy);
    }

    private static long? Milliseconds(TimeSpan? duration) => duration is { } value ? (long)value.TotalMilliseconds : null;

    /// <summary>What the handlers heard, once they have: some events nobody waits for.</summary>
    private async Task<List<string>> HeardAsync()
    {
        if (host.Seeded is { } seeded)
        {
            seeded.Drain();
            return [.. host.Heard];
        }

        for (var tries = 0; host.Heard.Count < oracle.Events.Count && tries < 5000; tries++)
        {
            await Task.Delay(1);
        }

        return [.. host.Heard];
    }

    private string Advance()
    {
        var edges = oracle.Edges(_now).ToList();
        var by = random.Next(3) switch
        {
            0 when edges.Count > 0 => edges[random.Next(edges.Count)] - _now - random.Next(2),
            1 => random.Next(1, 20) * 100,
            _ => random.Next(1, 3000),
        };
        by = Math.Clamp(by, 1, 10_000_000);
        _now += by;
        host.Time.Advance(TimeSpan.FromMilliseconds(by));
        return $"+{by}";
    }

    private string Both(string name, bool alive, Action count)
    {
        var expected = oracle.Look(_now);
        if (expected)
        {
            count();
        }

        Assert.Equal(expected, alive);
        return $"{name}@{_now}";
    }

    private async Task<string> IdlePingAsync()
    {
        var idle = random.Next(0, 6000);
        var name = Both(
            $"ping(idle {idle})",
            await host.PingAsync(_entry, new SignalReport { IdleFor = TimeSpan.FromMilliseconds(idle) }),
            () => oracle.Count(_now, idle, stretch: false, isDetach: false));
        return name;
    }

    private async Task<string> BeginAsync(bool isActivity)
    {
        var id = ++_lastRequest;
        var hold = new SessionHold();
        var isBegun = await host.Engine.TryBeginAsync(_entry, isActivity, hold);
        await host.SettleAsync(_entry);
        var expected = oracle.BeginRequest(id, _now, isActivity);
        Assert.Equal(expected, isBegun);
        if (!isBegun)
        {
            _refused.Add(id);
        }
        else
        {
            _requests.Add(id, hold);
        }

        return $"begin({(isActivity ? "activity" : "alive")} {id})@{_now}";
    }

    private string EndOldest()
    {
        if (_requests.Count == 0)
        {
            return "nothing to end";
        }

        var id = _requests.Keys.Min();
        host.Engine.Release(_requests[id]);
        _requests.Remove(id);
        oracle.EndRequest(id, _now);
        return $"end({id})@{_now}";
    }

    private async Task<string> AttachAsync()
    {
        var page = $"p{++_lastPage}";
        var tab = random.Next(3) switch { 0 => "", 1 => "a", _ => "b" };
        Assert.True(PageId.TryCreate(page, out var pageId));
        var tabId = PageId.TryCreate(tab, out var parsed) ? parsed : PageId.None;
        var alive = await host.Engine.ApplyDueRulesAndWaitAsync(_entry) != DueRulesResult.Ended
            && await host.Arrivals.TryResumeAsync(_entry, pageId, tabId);

        return Both($"attach({page} {tab})", alive, () =>
        {
            oracle.Attach(page, tab, _now);
            oracle.Count(_now, idle: 0, stretch: false, isDetach: false);
        });
    }

    private async Task<string> DetachAsync()
    {
        var page = $"p{random.Next(Math.Max(0, _lastPage - 3), _lastPage + 1)}";
        Assert.True(PageId.TryCreate(page, out var pageId));
        await host.Arrivals.TryDetachAsync(_entry, pageId, persisted: false);
        if (oracle.Look(_now))
        {
            oracle.Count(_now, idle: null, stretch: false, isDetach: true);
            oracle.Detach(page, _now);
        }

        return $"detach({page})@{_now}";
    }

    private async Task<string> SelfDestructAsync()
    {
        // As in an exit: those who are asked have their say first.
        await host.Engine.ApplyDueRulesAndWaitAsync(_entry);
        var after = random.Next(1, 40) * 100;
        host.Engine.TabSessionOf(_entry).SelfDestruct(TimeSpan.FromMilliseconds(after));
        if (oracle.Look(_now))
        {
            oracle.SelfDestruct(after, _now);
        }

        return $"self-destruct({after})@{_now}";
    }

    private async Task<string> ExitAsync()
    {
        // Handlers that are asked meanwhile have their say first, as they would have had in a timely look.
        if (await host.Engine.ApplyDueRulesAndWaitAsync(_entry) != DueRulesResult.Ended)
        {
            await host.Engine.TabSessionOf(_entry).ExitAsync();
        }

        if (oracle.Look(_now))
        {
            oracle.Exit();
        }

        return $"exit@{_now}";
    }

    private async Task<string> SweepAsync()
    {
        await host.Sweeper.SweepAsync();
        await host.SettleAsync(_entry);
        oracle.Look(_now);
        if (oracle.Ended is null && !_entry.Read().Raising)
        {
            // What a sweep has looked at lies ahead, and no later than the next moment at which anything can happen.
            var next = oracle.Edges(_now).DefaultIfEmpty(long.MaxValue).Min();
            var (due, now) = (_entry.NextDue, host.Engine.Directory.Now);
            Assert.True(due > now, $"The session is due at {due}, and it is {now}.");
            Assert.True(next == long.MaxValue || due <= now + TimeSpan.FromMilliseconds(next - _now), $"The session is looked at {due}, {next - _now} ms after {now} is too late.");
        }

        return $"sweep@{_now}";
    }
}
