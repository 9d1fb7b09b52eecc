using System.Text.Json;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Cluster;

/// <summary>Turns entries into records and back. Moments are service time.</summary>
internal static class SessionRecords
{
    /// <summary>The record of a session as it shall be.</summary>
    /// <param name="entry">The session.</param>
    /// <param name="next">What was decided.</param>
    /// <param name="pages">Its pages.</param>
    /// <param name="due">The first moment at which a rule may come due.</param>
    /// <param name="absolute">A of the session.</param>
    /// <param name="now">Now.</param>
    /// <param name="writer">Names the commit.</param>
    public static SessionRecord Of(
        SessionEntry entry, in SessionSnapshot next, IEnumerable<SessionPage> pages, Moment due, TimeSpan absolute, Moment now, string writer)
    {
        var shared = entry.Shared!;
        var isEnded = next.State == SessionState.Ended;
        var secrets = EntrySecrets.ToStore(entry, now);
        var own = next.Overrides ?? TimeoutOverrides.None;
        var details = new SessionDetails
        {
            StartedAt = next.StartedAt.Ticks,
            TakenOffAtStart = shared.TakenOffAtStart.Ticks,
            Secrets = secrets.ConvertAll(static one => new SecretDetails { Hash = one.Hash, Until = TicksUnlessNever(one.Until), Newer = one.Newer, IsPending = one.IsPending }),
            BrowserHash = !next.Owner.Browser.IsNone ? SecretHash.Of(next.Owner.Browser) : shared.BrowserHash,
            Pages = isEnded ? null : [.. pages.Select(page => Of(page, shared.Unknown))],
            IsConfirmed = next.Confirmed,
            RaisedAt = next.RaisedAt.Ticks,
            RaisedTimeout = next.RaisedTimeout.Ticks,
            RaiseNumber = next.RaiseNumber,
            Occurrence = next.Occurrence,
            IsRaising = next.Raising,
            ArmedAt = next.SelfDestructAt.IsNever ? 0 : next.ArmedAt.Ticks,
            ArmedBy = next.SelfDestructAt.IsNever || next.ArmedBy.IsNone ? null : next.ArmedBy.ToString(),
            SelfDestructAt = TicksUnlessNever(next.SelfDestructAt),
            DecideAfter = shared.DecideAfter.Ticks,
            HasValues = shared.HasValues || shared.WantsValues,
            SessionTimeout = own.SessionTimeout?.Ticks,
            CountdownDuration = own.CountdownDuration?.Ticks,
            SignalTimeout = own.SignalTimeout?.Ticks,
            AbsoluteTimeout = own.AbsoluteTimeout?.Ticks,
            UnconfirmedTimeout = own.UnconfirmedTimeout?.Ticks,
            Unknown = shared.Unknown?.Session,
        };
        return new()
        {
            Id = entry.Id.ToString(),
            SecretHashes = secrets.ConvertAll(static one => one.Hash),
            Stamps = StampsOf(next),
            DueAt = isEnded ? null : SpanUnlessNever(due),
            AbsoluteAt = isEnded || absolute == SessionTimings.Never ? null : AbsoluteAt(next, shared, absolute),
            BrowserId = next.Owner.BrowserId?.ToString(),
            User = StoreText.Keep(next.Owner.User),
            Home = shared.Home,
            EndReason = isEnded ? next.EndReason : null,
            EndedAt = isEnded ? Span(now) : null,
            Writer = writer,
            State = JsonSerializer.SerializeToUtf8Bytes(details, ClusterJson.Default.SessionDetails),
        };
    }

    /// <summary>When the absolute timeout comes, in the store's time.</summary>
    public static TimeSpan? AbsoluteAt(in SessionSnapshot next, SharedState shared, TimeSpan absolute)
    {
        var start = Span(next.StartedAt) + shared.TakenOffAtStart;
        return absolute > TimeSpan.MaxValue - start ? null : start + absolute;
    }

    public static SessionStamps StampsOf(in SessionSnapshot seen) =>
        new(Span(seen.LastActivity), Span(seen.LastSignal), Span(seen.IdleReset), Span(seen.LastArrival));

    /// <summary>What stands in a record beside what its store reads.</summary>
    public static SessionDetails DetailsOf(SessionRecord record) =>
        JsonSerializer.Deserialize(record.State.Span, ClusterJson.Default.SessionDetails) ?? new();

    /// <summary>What a record says. What follows from the stamps and the durations is still to be derived.</summary>
    public static SessionSnapshot Read(SessionRecord record, SessionDetails details, BrowserKey known)
    {
        var own = new TimeoutOverrides(
            Duration(details.SessionTimeout), Duration(details.CountdownDuration), Duration(details.SignalTimeout), Duration(details.AbsoluteTimeout))
        {
            UnconfirmedTimeout = Duration(details.UnconfirmedTimeout),
        };
        return new()
        {
            StartedAt = new(details.StartedAt),
            LastActivity = At(record.Stamps.LastActivity),
            LastSignal = At(record.Stamps.LastSignal),
            IdleReset = At(record.Stamps.IdleReset),
            LastArrival = At(record.Stamps.LastArrival),
            RaisedAt = new(details.RaisedAt),
            RaisedTimeout = new(details.RaisedTimeout),
            RaiseNumber = (uint)details.RaiseNumber,
            Occurrence = details.Occurrence,
            Raising = details.IsRaising,
            ArmedAt = new(details.ArmedAt),
            ArmedBy = PageId.TryCreate(details.ArmedBy, out var page) ? page : PageId.None,
            SelfDestructAt = details.SelfDestructAt is { } at ? new(at) : Moment.Never,
            Confirmed = details.IsConfirmed,
            Overrides = own == TimeoutOverrides.None ? null : own,
            Owner = BrowserId.TryParse(record.BrowserId, out var browser)
                ? new(known, browser, StoreText.Read(record.User))
                : new(BrowserKey.None, StoreText.Read(record.User)),
            State = record.EndReason is not null ? SessionState.Ended : SessionState.Active,
            EndReason = record.EndReason ?? default,
        };
    }

    public static StoredStamps StoredOf(SessionStamps stamps) =>
        new(At(stamps.LastActivity), At(stamps.LastSignal), At(stamps.IdleReset), At(stamps.LastArrival));

    public static IEnumerable<SessionPage> PagesOf(SessionDetails details)
    {
        foreach (var page in details.Pages ?? [])
        {
            if (PageId.TryCreate(page.Id, out var id))
            {
                yield return new(id, PageId.TryCreate(page.Tab, out var tab) ? tab : PageId.None, new(page.LastHeard))
                {
                    UnloadAt = page.UnloadAt is { } at ? new(at) : Moment.Never,
                    Persisted = page.IsPersisted,
                };
            }
        }
    }

    public static List<StoredSecret> SecretsOf(SessionDetails details) =>
        details.Secrets.ConvertAll(static one => new StoredSecret(one.Hash, one.Until is { } until ? new(until) : Moment.Never, one.Newer, one.IsPending));

    /// <summary>Makes what is known of the record what the record says.</summary>
    /// <param name="shared">What is known.</param>
    /// <param name="record">The record.</param>
    /// <param name="details">What stands in it.</param>
    /// <param name="secret">The only secret of the session, where the entry knows it.</param>
    /// <param name="browser">The browser's key, where the entry knows it.</param>
    public static void Follow(SharedState shared, SessionRecord record, SessionDetails details, SessionId secret, BrowserKey browser)
    {
        shared.Version = record.Version;
        shared.Stored = StoredOf(record.Stamps);
        shared.TakenOffAtStart = new(details.TakenOffAtStart);
        shared.DecideAfter = new(details.DecideAfter);
        shared.Home = record.Home;
        shared.HasValues = details.HasValues;
        shared.BrowserHash = browser.IsNone ? details.BrowserHash : null;
        shared.Secrets = IsOnly(details, secret) ? [] : SecretsOf(details);
        shared.Unknown = UnknownOf(details);
    }

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

    /// <summary>Whether a session has this secret, and no other, without an end.</summary>
    private static bool IsOnly(SessionDetails details, SessionId secret) =>
        secret != default
        && details.Secrets is [{ Until: null, IsPending: false, Newer: null } only]
        && string.Equals(only.Hash, SecretHash.Of(secret), StringComparison.Ordinal);

    private static long? TicksUnlessNever(Moment moment) => moment.IsNever ? null : moment.Ticks;

    private static TimeSpan? Duration(long? ticks) => ticks is { } value ? new(value) : null;

    private static UnknownDetails? UnknownOf(SessionDetails details)
    {
        var pages = (details.Pages ?? []).FindAll(static page => page.Unknown is not null);
        return details.Unknown is null && pages.Count == 0
            ? null
            : new(details.Unknown, pages.ToDictionary(static page => page.Id, static page => page.Unknown!, StringComparer.Ordinal));
    }

    private static PageDetails Of(SessionPage page, UnknownDetails? unknown) => new()
    {
        Id = page.Id.ToString(),
        Tab = page.Tab.ToString(),
        LastHeard = page.LastHeard.Ticks,
        UnloadAt = TicksUnlessNever(page.UnloadAt),
        IsPersisted = page.Persisted,
        Unknown = unknown?.Pages.GetValueOrDefault(page.Id.ToString()),
    };
}
