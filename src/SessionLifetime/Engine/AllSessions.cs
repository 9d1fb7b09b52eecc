using System.Runtime.CompilerServices;
using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;

namespace SessionLifetime.Engine;

/// <summary>What is done to every session that a filter means.</summary>
internal sealed class AllSessions(SessionEngine engine)
{
    /// <summary>Ends every session that is meant but one; gives those this call ended, as it goes.</summary>
    public async IAsyncEnumerable<TabSession> EndAsync(
        SessionFilter filter,
        SessionEndReason reason,
        TabSession? except,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var entry in AllAsync(filter, cancellationToken))
        {
            if (entry != except?.Entry && await engine.TryEndAsync(entry, reason))
            {
                yield return engine.TabSessionOf(entry);
            }
        }
    }

    /// <summary>Every session that a filter means, a page at a time.</summary>
    private async IAsyncEnumerable<SessionEntry> AllAsync(SessionFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        const int PageSize = 65_536;
        PublicId? after = null;
        IReadOnlyList<SessionEntry> page;
        do
        {
            page = await engine.Directory.ListAsync(filter, after, PageSize, cancellationToken);
            foreach (var entry in page)
            {
                after = entry.Id;
                yield return entry;
            }
        }
        while (page.Count == PageSize);
    }

    /// <summary>
    /// Rule 2 alone goes on while the process does not run: afterwards its moments are earlier by the clock than they were. Makes sure that
    /// they are looked at then.
    /// </summary>
    public async ValueTask RescheduleAbsoluteAsync()
    {
        await foreach (var entry in AllAsync(default, CancellationToken.None))
        {
            var seen = engine.Directory.Read(entry);
            if (engine.TimingsOf(seen).Absolute != SessionTimings.Never)
            {
                engine.Refresh(entry, engine.Directory.Now);
                engine.Directory.Reschedule(entry, entry.NextDue);
            }
        }
    }
}
