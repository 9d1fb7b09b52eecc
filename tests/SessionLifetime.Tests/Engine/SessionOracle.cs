namespace SessionLifetime.Tests.Engine;

/// <summary>
/// The contract's section 3, read aloud: milliseconds, lists, no cleverness. It shares nothing with the product but the names of the
/// reasons.
/// </summary>
internal sealed class SessionOracle(OracleSettings settings, Func<int, bool> answers)
{
    private const long Never = long.MaxValue / 4;

    private readonly List<(long From, bool IsActivity, int Id)> _requests = [];
    private readonly Dictionary<string, (string Page, long Heard)> _openByTab = [];
    private readonly List<(string Tab, string Page, long Due)> _detached = [];
    private long _activity;
    private long _signal;
    private long _reset = -1;
    private long _destruct = Never;
    private long _raisedAt = -1;
    private bool _confirmed;
    private bool _asked;
    private int _raises;

    public bool TimedOut { get; private set; }

    public SessionEndReason? Ended { get; private set; }

    public int Occurrence { get; private set; }

    public List<string> Events { get; } = ["SessionStarted"];

    private long T => settings.Timeout == 0 ? Never : settings.Timeout;

    private long C => settings.Countdown ?? settings.Timeout;

    private long S => settings.Signal ?? (settings.Timeout == 0 ? Never : Math.Max(2 * T, T + C));

    public void Start(string page, string tab) => _openByTab[tab] = (page, 0);

    public long LastActivity(long now) => Stamp(_activity, now, activityOnly: true);

    public long LastSignal(long now) => Stamp(_signal, now, activityOnly: false);

    /// <summary>Rule by rule, the first moment first, until none is due. With no answer given, the handlers stay asked.</summary>
    public bool Look(long now, bool answer = true)
    {
        while (Ended is null)
        {
            // Handlers that are asked answer before anything that hangs on them is decided.
            if (_asked && answer)
            {
                Answer(now);
                continue;
            }

            var due = Rules(now).Where(rule => rule.At <= now).OrderBy(rule => rule.At).ThenBy(rule => rule.Number).FirstOrDefault();
            if (due.Number == 0)
            {
                Unload(now);
                return true;
            }

            if (_asked && due.At > Idle(now) + T + C)
            {
                // The countdown was over before: whether that was the end is for those who are asked to say.
                Answer(now);
                continue;
            }

            Unload(due.Number == 4 ? now : due.At);
            if (due.Number == 4)
            {
                TimedOut = true;
                _asked = true;
                _raisedAt = now;
                Events.Add($"SessionTimeout {++Occurrence}");
                _raises++;
                continue;
            }

            End(due.Number switch
            {
                1 => SessionEndReason.SelfDestructed,
                2 => SessionEndReason.AbsoluteTimeout,
                3 => SessionEndReason.SignalLost,
                _ => LastSignal(now) >= Idle(now) + T ? SessionEndReason.IdleTimeout : SessionEndReason.SignalLost,
            });
        }

        return false;
    }

    /// <summary>An app request: it waits for no handlers, unless it comes after the countdown's end and they were asked only then.</summary>
    public bool BeginRequest(int id, long now, bool isActivity)
    {
        if (!Look(now, answer: false))
        {
            return false;
        }

        if (_asked && Idle(now) + T + C <= now && !Look(now))
        {
            return false;
        }

        Count(now, isActivity ? 0 : null, stretch: false, isDetach: false);
        _requests.Add((now, isActivity, id));
        return true;
    }

    public void EndRequest(int id, long now)
    {
        var request = _requests.First(request => request.Id == id);
        if (Ended is null)
        {
            var at = Math.Min(now, request.From + settings.MaxHold);
            _signal = Math.Max(_signal, at);
            _activity = request.IsActivity ? Math.Max(_activity, at) : _activity;
        }

        _requests.Remove(request);
    }

    public void Count(long now, long? idle, bool stretch, bool isDetach)
    {
        _confirmed |= !isDetach;
        _signal = now;
        _destruct = isDetach ? _destruct : Never;
        if (idle is { } ms)
        {
            _activity = Math.Max(_activity, Math.Max(0, now - ms));
        }

        if (stretch && settings.AllowStretch)
        {
            _reset = now;
        }

        // Timed out while the raise is not before IdleSince + T.
        if (TimedOut && Idle(now) + T > _raisedAt)
        {
            TimedOut = false;
            _asked = false;
        }

        if (LastActivity(now) + T > _raisedAt)
        {
            Occurrence = 0;
        }
    }

    public void Attach(string page, string tab, long now)
    {
        Drop(now);
        foreach (var other in _openByTab.Where(open => open.Value.Page == page).Select(open => open.Key).ToList())
        {
            _openByTab.Remove(other);
        }

        _openByTab[tab] = (page, now);
        _detached.RemoveAll(gone => gone.Tab == tab || gone.Page == page);
        Events.Add("SessionResumed");
    }

    public void Detach(string page, long now)
    {
        var open = _openByTab.FirstOrDefault(open => open.Value.Page == page);
        if (open.Key is null || open.Value.Heard + S <= now)
        {
            return;
        }

        _openByTab.Remove(open.Key);
        _detached.Add((open.Key, page, now + settings.UnloadGrace));
        if (settings.SelfDestructOnUnload is { } after && OpenPages(now) == 0)
        {
            // What the app armed to come earlier stands.
            _destruct = Math.Min(_destruct, now + after);
        }

        if (settings.UnloadGrace == 0)
        {
            Look(now);
        }
    }

    public void SelfDestruct(long after, long now) => _destruct = now + after;

    public void Exit() => End(SessionEndReason.Exited);

    public (long? TimeoutIn, long? EndsIn, SessionEndReason? EndsBy) Status(long now)
    {
        var idle = Idle(now);
        var ends = new List<(long At, int Number, SessionEndReason Reason)>
        {
            (_destruct, 1, SessionEndReason.SelfDestructed),
            (settings.Absolute ?? Never, 2, SessionEndReason.AbsoluteTimeout),
            (SignalEnd(now), 3, SessionEndReason.SignalLost),
            (T == Never ? Never : idle + T + C, 5, LastSignal(now) >= idle + T ? SessionEndReason.IdleTimeout : SessionEndReason.SignalLost),
        };
        var end = ends.OrderBy(end => end.At).ThenBy(end => end.Number).First();
        return (
            TimedOut || T == Never ? null : idle + T - now,
            end.At >= Never ? null : end.At - now,
            end.At >= Never ? null : end.Reason);
    }

    /// <summary>Moments worth looking at closely.</summary>
    public IEnumerable<long> Edges(long now) =>
        Rules(now).Select(rule => rule.At).Concat(_detached.Select(gone => gone.Due)).Where(at => at > now && at < Never);

    private long Idle(long now) => Math.Max(LastActivity(now), _reset);

    private long SignalEnd(long now)
    {
        var end = S == Never ? Never : LastSignal(now) + S;
        return _confirmed || settings.Unconfirmed is not { } unconfirmed ? end : Math.Min(end, LastSignal(now) + unconfirmed);
    }

    private IEnumerable<(long At, int Number)> Rules(long now)
    {
        yield return (_destruct, 1);
        yield return (settings.Absolute ?? Never, 2);
        yield return (SignalEnd(now), 3);
        if (T != Never && !TimedOut)
        {
            yield return (Idle(now) + T, 4);
        }

        if (T != Never && TimedOut && !_asked)
        {
            yield return (Idle(now) + T + C, 5);
        }
    }

    private long Stamp(long stamp, long now, bool activityOnly) =>
        _requests.Where(request => request.IsActivity || !activityOnly)
            .Select(request => Math.Min(now, request.From + settings.MaxHold))
            .Append(stamp)
            .Max();

    private void Answer(long now)
    {
        // What is due anyway, and was due before rule 5, does not wait for the answer.
        var others = Rules(now).Where(rule => rule.Number <= 3 && rule.At <= now && rule.At <= Idle(now) + T + C);
        if (others.Any())
        {
            _asked = false;
            return;
        }

        _asked = false;
        if (answers(_raises))
        {
            TimedOut = false;
            _reset = now;
        }
    }

    private void End(SessionEndReason reason)
    {
        if (reason == SessionEndReason.SignalLost && Occurrence == 0)
        {
            Events.Add($"SessionTimeout {++Occurrence}");
            _raises++;
        }

        Ended = reason;
        Events.Add($"ApplicationExit {reason}");
    }

    private void Unload(long until)
    {
        foreach (var gone in _detached.Where(gone => gone.Due <= until).OrderBy(gone => gone.Due).ToList())
        {
            _detached.Remove(gone);
            Events.Add($"PageUnloaded {gone.Page} {OpenPages(until)}");
        }
    }

    private int OpenPages(long now) => _openByTab.Count(open => open.Value.Heard + S > now);

    private void Drop(long now)
    {
        foreach (var open in _openByTab.Where(open => open.Value.Heard + S <= now).ToList())
        {
            _openByTab.Remove(open.Key);
        }
    }
}
