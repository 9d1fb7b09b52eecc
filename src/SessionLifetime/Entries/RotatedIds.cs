using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <summary>
/// The secrets of a session that was given a new one: the current one, a new one that no request has used yet, and former ones that run out.
/// Immutable; its entry replaces it as a whole.
/// </summary>
/// <remarks>
/// A new secret waits until it is first used. Until then the current one works, and every answer the module reads hands the new one out
/// again, so that none is lost with an answer that never arrived. From its first use on, the former runs out.
/// </remarks>
internal sealed class RotatedIds
{
    /// <summary>More than this many secrets at once only an app has that rotates with every request; the oldest go first.</summary>
    private const int MaxOld = 8;

    private readonly (SessionId Id, Moment Until)[] _old;

    private RotatedIds(SessionId current, SessionId? pending, (SessionId Id, Moment Until)[] old) =>
        (Current, Pending, _old) = (current, pending, old);

    public SessionId Current { get; }

    /// <summary>Handed out, and not used yet.</summary>
    public SessionId? Pending { get; }

    /// <summary>The one a browser shall have.</summary>
    public SessionId Newest => Pending ?? Current;

    /// <summary>Those that work now, and until when each does; the current one first.</summary>
    public IEnumerable<(SessionId Id, Moment Until)> Working(Moment now) =>
    [
        (Current, Moment.Never),
        .. Pending is { } next ? [(next, Moment.Never)] : Array.Empty<(SessionId, Moment)>(),
        .. _old.Where(old => old.Until > now),
    ];

    /// <summary>All of them.</summary>
    public IEnumerable<SessionId> All => _old.Select(static old => old.Id).Append(Current).Concat(Pending is { } next ? [next] : []);

    public static RotatedIds First(SessionId current, SessionId next) => new(current, next, []);

    /// <summary>What a backing store says of the secrets that are known here.</summary>
    public static RotatedIds Restore(SessionId current, SessionId? pending, (SessionId Id, Moment Until)[] old) => new(current, pending, old);

    /// <summary>Another new one. One that waits already may have been handed out: it works until this one is used.</summary>
    /// <param name="next">The new one.</param>
    /// <param name="forgotten">Old ones that are too many.</param>
    public RotatedIds With(SessionId next, out IReadOnlyList<SessionId> forgotten)
    {
        var kept = Pending is { } waiting ? [.. _old.TakeLast(MaxOld - 1), (waiting, Moment.Never)] : _old;
        forgotten = Forgotten(kept);
        return new(Current, next, kept);
    }

    /// <summary>The new one was used: the former runs out.</summary>
    /// <param name="now">Now.</param>
    /// <param name="until">When the former stops working.</param>
    /// <param name="forgotten">Old ones that have run out, or are too many.</param>
    public RotatedIds Promote(Moment now, Moment until, out IReadOnlyList<SessionId> forgotten)
    {
        var kept = _old.Where(old => old.Until > now)
            .Select(old => (old.Id, Until: Moment.Earlier(old.Until, until)))
            .Append((Id: Current, Until: until))
            .TakeLast(MaxOld)
            .ToArray();
        forgotten = Forgotten(kept);
        return new(Pending!.Value, pending: null, kept);
    }

    /// <summary>Whether one of them works now.</summary>
    public bool IsGood(SessionId secret, Moment now)
    {
        if (Current == secret || Pending == secret)
        {
            return true;
        }

        foreach (var (id, until) in _old)
        {
            if (id == secret)
            {
                return until > now;
            }
        }

        return false;
    }

    private List<SessionId> Forgotten((SessionId Id, Moment Until)[] kept) =>
        [.. _old.Select(static old => old.Id).Except(kept.Select(static one => one.Id))];
}
