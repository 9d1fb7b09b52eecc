using System.Globalization;

namespace SessionLifetime.Soak.Use;

/// <summary>Every session, what is known of it, and whether it was as promised. Thread-safe.</summary>
internal sealed class UseSessions(UseJournal journal, UseStalls stalls)
{
    /// <summary>Requests that were under way when a session ended are noted by then.</summary>
    private const double Settled = 5;

    /// <summary>How long a page may keep to itself that its user is there, and a little more.</summary>
    private const double Unreported = 7;

    private const double T = UseSettings.SessionTimeout, C = UseSettings.Countdown, N = UseSettings.SelfDestruct;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, UseSession> _all = new(StringComparer.Ordinal);
    private readonly HashSet<string> _overdue = new(StringComparer.Ordinal);
    private readonly HashSet<string> _ended = new(StringComparer.Ordinal);
    private readonly List<(double From, double Until)> _away = [];
    private bool _isAway;

    /// <summary>How many live.</summary>
    public int Live
    {
        get
        {
            lock (_lock)
            {
                return _all.Values.Count(static session => session.Ends.Count == 0);
            }
        }
    }

    public void Started(string id)
    {
        journal.Count("session started");
        journal.Write($"  EVENT {id} started");
        lock (_lock)
        {
            Of(id);
        }
    }

    public void TimedOut(string id)
    {
        journal.Count("session warned");
        journal.Write($"  EVENT {id} timeout");
        lock (_lock)
        {
            Of(id).Timeouts.Add(journal.Now);
        }
    }

    public void Ended(string id, SessionEndReason reason)
    {
        journal.Count($"session ended {reason}");
        journal.Write($"  EVENT {id} ended {reason}");
        lock (_lock)
        {
            _ended.Add(id);
            Of(id).Ends.Add((journal.Now, reason));
        }
    }

    public void Heard(string id, UseSignal signal)
    {
        Note(id, session => session.Signals.Add(signal));
    }

    /// <summary>The user did something in a page that had a session, and can have reached the server.</summary>
    public void Acted(string? id, double at) => Note(id, session =>
    {
        session.Inputs.RemoveAll(input => input < at - 100);
        session.Inputs.Add(at);
    });

    /// <summary>What the user did last in a page may be told by nobody: it is closed, or its clocks jump, before it tells.</summary>
    public void Closes(string? id, double at) => Note(id, session => session.Inputs.RemoveAll(input => input > at - Unreported));

    /// <summary>A page was seen that is open, has a session and reaches the server.</summary>
    public void Seen(string? id, double at) => Note(id, session => session.SeenAt = Math.Max(session.SeenAt, at));

    /// <summary>Whatever the script did may have told of a user until now.</summary>
    public void Touched(string? id, double at) => Note(id, session => session.TouchedAt = Math.Max(session.TouchedAt, at));

    /// <summary>The network, or the machine of the user, is away from here on.</summary>
    public void Leaves()
    {
        lock (_lock)
        {
            _away.Add((journal.Now - 1, double.PositiveInfinity));
            _isAway = true;
        }
    }

    /// <summary>It is back: what was to be sent is sent now.</summary>
    public void Returns()
    {
        lock (_lock)
        {
            var (from, _) = _away[^1];
            _away[^1] = (from, journal.Now + 1);
            _isAway = false;
            foreach (var session in _all.Values.Where(session => session.Ends.Count == 0 && session.TouchedAt > from - 15))
            {
                session.TouchedAt = journal.Now + 3;
            }
        }
    }

    public bool HasEnded(string id)
    {
        lock (_lock)
        {
            return _ended.Contains(id);
        }
    }

    /// <summary>Judges those that have ended since, and those that live too long.</summary>
    public void Judge()
    {
        List<string> broken = [];
        lock (_lock)
        {
            foreach (var session in _all.Values.Where(session => !session.IsJudged).ToList())
            {
                if (session.Ends.Count > 0 && journal.Now > session.Ends[0].At + Settled)
                {
                    session.IsJudged = true;
                    var stalled = stalls.Since(ServerOracle.ActiveAt(session) - 1);
                    broken.AddRange(ServerOracle.Judge(session, stalls).Concat(JudgeUse(session, stalled)).Select(what => string.Create(CultureInfo.InvariantCulture, $"{session.Id}: {what}; stalled {stalled:0.0} s")));
                }
                else if (session.Ends.Count == 0)
                {
                    var late = UseSettings.Late + UseSettings.Sweep + stalls.Since(ServerOracle.ActiveAt(session) - 1);
                    var due = Math.Min(ServerOracle.Due(session), _isAway ? double.PositiveInfinity : session.TouchedAt + T + C);
                    if (journal.Now > due + late + Settled && _overdue.Add(session.Id))
                    {
                        broken.Add(string.Create(CultureInfo.InvariantCulture, $"{session.Id}: lives, but was due at {due:0.000} (the script last did something at {session.TouchedAt:0.000})"));
                    }
                }
            }

            foreach (var old in _all.Values.Where(session => session.IsJudged && session.Ends[0].At < journal.Now - 120).ToList())
            {
                _all.Remove(old.Id);
            }
        }

        broken.ForEach(journal.Violation);
    }

    private IEnumerable<string> JudgeUse(UseSession session, double stalled)
    {
        var (end, reason) = session.Ends[0];
        var input = session.Inputs.Where(at => at <= end && !_away.Exists(away => away.From <= end && away.Until >= at)).DefaultIfEmpty(double.NegativeInfinity).Max();
        if (reason is SessionEndReason.IdleTimeout or SessionEndReason.SignalLost && end < input + T + C - UseSettings.EarlyForUser)
        {
            yield return $"ended {reason} at {end:0.000}, but its user did something at {input:0.000}";
        }

        if (reason is SessionEndReason.SelfDestructed && end < session.SeenAt + N - UseSettings.EarlyForUser)
        {
            yield return $"ended {reason} at {end:0.000}, but its page was open at {session.SeenAt:0.000}";
        }

        if (end > session.TouchedAt + T + C + UseSettings.Late + UseSettings.Sweep + stalled)
        {
            yield return $"ended {reason} at {end:0.000}, but nobody did anything since {session.TouchedAt:0.000}";
        }
    }

    private void Note(string? id, Action<UseSession> note)
    {
        if (id is not null)
        {
            lock (_lock)
            {
                if (!_ended.Contains(id) || _all.ContainsKey(id))
                {
                    note(Of(id));
                }
            }
        }
    }

    private UseSession Of(string id)
    {
        if (!_all.TryGetValue(id, out var session))
        {
            _all[id] = session = new UseSession(id, journal.Now);
        }

        return session;
    }
}
