using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Directories;

/// <summary>
/// Where sessions are kept: the one seam between the engine and memory, or a database that nodes share.
/// </summary>
/// <remarks>
/// <para>
/// The engine judges, the store keeps. A store holds a <see cref="SessionEntry"/> for every session this node has met; touches move the
/// entry's stamps in place, without the store (one that is shared writes them down in batches, see <see cref="MarkDirty"/>). Everything
/// that may happen only once goes through <see cref="TryCommitAsync"/>: it replaces what was seen by what was decided if the session is
/// still as it was seen, wherever it is kept. In memory that is the entry's own compare-and-set; in a database it is one conditional
/// update, after which the entry follows.
/// </para>
/// <para>
/// An end has two steps: it is committed, and it is acknowledged when its handlers have run. A shared store keeps what was committed and
/// not acknowledged under the committing node's lease, so that another node tells the handlers if this one dies in between: at least once.
/// </para>
/// <para>
/// <see cref="TakeDueAsync"/> hands each due session to one caller: in memory by taking it out of the due index, in a database by
/// claiming its row for a lease. The caller puts it back with <see cref="Reschedule(SessionEntry, Moment)"/>, or commits its end.
/// </para>
/// <para>All members are thread-safe. The store's clock rules; every moment handed in or out is on it.</para>
/// </remarks>
internal interface ITabSessionStore
{
    /// <summary>How many sessions live.</summary>
    long Count { get; }

    /// <summary>Now, on the clock that rules.</summary>
    Moment Now { get; }

    DateTimeOffset ToUtc(Moment moment);

    /// <summary>
    /// Finds a living session this node has met: the hot path, without waiting. A secret that was replaced and has run out finds nothing.
    /// </summary>
    bool TryGet(SessionId secret, [NotNullWhen(true)] out SessionEntry? entry);

    /// <summary>Finds a living session wherever it is kept.</summary>
    ValueTask<SessionEntry?> FindAsync(SessionId secret, CancellationToken cancellationToken);

    /// <summary>Finds a living session by its public id.</summary>
    ValueTask<SessionEntry?> FindAsync(PublicId id, CancellationToken cancellationToken);

    /// <summary>What is remembered of an ended session; null when nothing is.</summary>
    ValueTask<EndedSession?> FindEndedAsync(SessionId secret, CancellationToken cancellationToken);

    /// <summary>
    /// The living sessions the filter means with public ids above <paramref name="after"/>, in that order, at most <paramref name="count"/>.
    /// </summary>
    ValueTask<IReadOnlyList<SessionEntry>> ListAsync(SessionFilter filter, PublicId? after, int count, CancellationToken cancellationToken);

    /// <summary>Adds a new session, within the limits.</summary>
    ValueTask<PlacementResult> AddAsync(SessionEntry entry, Moment nextDue, CancellationToken cancellationToken);

    /// <summary>The entry's stamps, pages or holds were moved in place: to be written down sooner or later, where that is needed.</summary>
    void MarkDirty(SessionEntry entry);

    /// <summary>
    /// Replaces <paramref name="seen"/> by <paramref name="next"/> if the session is still as it was seen. A committed end takes it out
    /// of the store and into the memory of ended sessions in the same step, seen from any caller that was told of it.
    /// </summary>
    /// <param name="entry">The session.</param>
    /// <param name="seen">What was read.</param>
    /// <param name="next">What was decided.</param>
    /// <param name="nextDue">When the next rule may come due.</param>
    /// <param name="ignoreTouches">Whether it stands however often the session was touched since it was seen: an end that is nobody's
    /// timeout needs no calm moment, which between two round trips a busy session may not have.</param>
    /// <returns>False when the session moved on: look again.</returns>
    ValueTask<bool> TryCommitAsync(
        SessionEntry entry,
        in SessionSnapshot seen,
        in SessionSnapshot next,
        Moment nextDue,
        bool ignoreTouches = false);

    /// <summary>
    /// Gives a session to the owner that <paramref name="next"/> names, within the limits, as <see cref="TryCommitAsync"/> does everything
    /// else; however often it was touched since.
    /// </summary>
    /// <returns>Added, moved, or full.</returns>
    ValueTask<PlacementResult> TryAssignOwnerAsync(SessionEntry entry, in SessionSnapshot seen, in SessionSnapshot next, Moment nextDue);

    /// <summary>
    /// Makes a new secret for a living session; <see cref="SessionEntry.NewerThan"/> tells it.
    /// </summary>
    /// <param name="entry">The session.</param>
    /// <param name="evenIfPending">Whether also where one waits for its first use already, which somebody may have been told.</param>
    ValueTask RotateAsync(SessionEntry entry, bool evenIfPending = false);

    /// <summary>A request with this secret was admitted: the first use of a new one lets the former run out.</summary>
    void Used(SessionEntry entry, SessionId secret);

    /// <summary>The handlers of a committed end have run: nobody else has to tell them.</summary>
    ValueTask AcknowledgeEndAsync(SessionEntry entry);

    /// <summary>Takes sessions that may be due by <paramref name="now"/>; each is handed to one caller.</summary>
    /// <param name="due">Filled from the start.</param>
    /// <param name="now">The store's now.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many; zero when none is left.</returns>
    ValueTask<int> TakeDueAsync(Memory<SessionEntry> due, Moment now, CancellationToken cancellationToken);

    /// <summary>A hint: rules are due for these sessions, which may end now.</summary>
    void Prefetch(ReadOnlySpan<SessionEntry> entries);

    /// <summary>Makes sure a living session is looked at by <paramref name="nextDue"/> at the latest.</summary>
    void Reschedule(SessionEntry entry, Moment nextDue);

    /// <summary>Makes sure each of these living sessions is looked at when it is next due.</summary>
    void Reschedule(ReadOnlySpan<SessionEntry> entries);

    /// <summary>Whether <see cref="Close"/> was called. What was being added at that moment may have got in: its adder ends it.</summary>
    bool IsClosed { get; }

    /// <summary>Adds no session any more.</summary>
    void Close();
}
