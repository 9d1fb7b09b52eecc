using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Storage;

/// <summary>Turns entries into records and back. Moments of the directory's clock are moments of the store.</summary>
internal static class SessionRecords
{
    /// <summary>The record of a session as it shall be.</summary>
    /// <param name="entry">The session.</param>
    /// <param name="next">What was decided.</param>
    /// <param name="due">The first moment at which a rule may come due.</param>
    /// <param name="now">Now.</param>
    public static SessionRecord Of(SessionEntry entry, in SessionSnapshot next, Moment due, Moment now)
    {
        var own = next.Overrides ?? TimeoutOverrides.None;
        var isEnded = next.State == SessionState.Ended;
        return new()
        {
            Id = entry.Id.ToString(),
            Secrets = SecretsOf(entry, now),
            StartedAt = Span(next.StartedAt),
            Stamps = StampsOf(next),
            RaisedAt = next.RaiseNumber == 0 ? null : Span(next.RaisedAt),
            RaisedTimeout = next.RaisedTimeout,
            RaiseNumber = next.RaiseNumber,
            Occurrence = next.Occurrence,
            IsRaising = next.Raising,
            ArmedAt = next.SelfDestructAt.IsNever ? null : Span(next.ArmedAt),
            SelfDestructAt = SpanUnlessNever(next.SelfDestructAt),
            IsConfirmed = next.Confirmed,
            SessionTimeout = own.SessionTimeout,
            CountdownDuration = own.CountdownDuration,
            SignalTimeout = own.SignalTimeout,
            AbsoluteTimeout = own.AbsoluteTimeout,
            UnconfirmedTimeout = own.UnconfirmedTimeout,
            BrowserHash = !next.Owner.Browser.IsNone ? SecretHash.Of(next.Owner.Browser) : entry.Shared?.BrowserHash,
            BrowserId = next.Owner.BrowserId?.ToString(),
            User = next.Owner.User,
            Pages = isEnded ? [] : [.. entry.ReadPages().Select(Of)],
            DueAt = isEnded ? null : SpanUnlessNever(due),
            EndReason = isEnded ? next.EndReason : null,
            EndedAt = isEnded ? Span(now) : null,
        };
    }

    public static SessionStamps StampsOf(in SessionSnapshot seen) =>
        new(Span(seen.LastActivity), Span(seen.LastSignal), Span(seen.IdleReset), Span(seen.LastArrival));

    /// <summary>What a record says. What follows from the stamps and the durations is still to be derived.</summary>
    public static SessionSnapshot Read(SessionRecord record, BrowserKey known)
    {
        var own = new TimeoutOverrides(record.SessionTimeout, record.CountdownDuration, record.SignalTimeout, record.AbsoluteTimeout)
        {
            UnconfirmedTimeout = record.UnconfirmedTimeout,
        };
        return new()
        {
            StartedAt = At(record.StartedAt),
            LastActivity = At(record.Stamps.LastActivity),
            LastSignal = At(record.Stamps.LastSignal),
            IdleReset = At(record.Stamps.IdleReset),
            LastArrival = At(record.Stamps.LastArrival),
            RaisedAt = At(record.RaisedAt ?? TimeSpan.Zero),
            RaisedTimeout = record.RaisedTimeout,
            RaiseNumber = (uint)record.RaiseNumber,
            Occurrence = record.Occurrence,
            Raising = record.IsRaising,
            ArmedAt = At(record.ArmedAt ?? TimeSpan.Zero),
            SelfDestructAt = record.SelfDestructAt is { } at ? At(at) : Moment.Never,
            Confirmed = record.IsConfirmed,
            Overrides = own == TimeoutOverrides.None ? null : own,
            Owner = BrowserId.TryParse(record.BrowserId, out var browser) ? new(known, browser, record.User) : new(BrowserKey.None, record.User),
            State = record.EndReason is not null ? SessionState.Ended : SessionState.Active,
            EndReason = record.EndReason ?? default,
        };
    }

    public static IEnumerable<SessionPage> PagesOf(SessionRecord record)
    {
        foreach (var page in record.Pages)
        {
            if (PageId.TryCreate(page.Id, out var id))
            {
                yield return new(id, PageId.TryCreate(page.Tab, out var tab) ? tab : PageId.None, At(page.LastHeard))
                {
                    UnloadAt = page.UnloadAt is { } at ? At(at) : Moment.Never,
                    Persisted = page.Persisted,
                };
            }
        }
    }

    /// <summary>The secrets of a record, and until when each works.</summary>
    public static List<(string Hash, Moment Until)> SecretsOf(SessionRecord record) =>
        [.. record.Secrets.Select(static one => (one.Hash, one.Until is { } until ? At(until) : Moment.Never))];

    /// <summary>What stands for a record that the store has trimmed: why it ended is unknown.</summary>
    public static SessionSnapshot Forgotten(SessionEntry entry)
    {
        var read = entry.Read();
        (read.State, read.EndReason) = (SessionState.Ended, SessionEndReason.SignalLost);
        return read;
    }

    public static Moment At(TimeSpan span) => new(span.Ticks);

    public static TimeSpan Span(Moment moment) => new(moment.Ticks);

    public static TimeSpan? SpanUnlessNever(Moment moment) => moment.IsNever ? null : Span(moment);

    private static PageRecord Of(SessionPage page) =>
        new(page.Id.ToString(), page.Tab.ToString(), Span(page.LastHeard), SpanUnlessNever(page.UnloadAt), page.Persisted);

    /// <summary>The current one first; those of which only the hash is known come last.</summary>
    private static List<SecretRecord> SecretsOf(SessionEntry entry, Moment now)
    {
        var secrets = new List<SecretRecord>();
        if (entry.Rotated is { } ids)
        {
            secrets.AddRange(ids.Working(now).Select(static one => new SecretRecord(SecretHash.Of(one.Id), SpanUnlessNever(one.Until))));
        }
        else if (entry.Secret != default)
        {
            secrets.Add(new(SecretHash.Of(entry.Secret), null));
        }

        foreach (var (hash, until) in entry.Shared?.HashedSecrets ?? [])
        {
            if (until > now && !secrets.Exists(known => string.Equals(known.Hash, hash, StringComparison.Ordinal)))
            {
                secrets.Add(new(hash, SpanUnlessNever(until)));
            }
        }

        return secrets;
    }
}
