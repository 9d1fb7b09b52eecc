using System.Runtime.CompilerServices;
using System.Text.Json;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Scheduling;

namespace SessionLifetime.Cluster;

/// <summary>
/// One-time tokens in the store: put by the node whose answer hands them out, taken by the node that the next request reaches. The store has the hash of a
/// token, and of what it grants only what the token itself decrypts.
/// </summary>
internal sealed class SharedTokens(StoreGate gate, NodeState node)
{
    private readonly ConditionalWeakTable<SessionEntry, Queue<(string Hash, TimeSpan ExpiresAt)>> _open = [];

    /// <summary>Puts a token. The answer waits for it.</summary>
    /// <param name="purpose">What it is for.</param>
    /// <param name="token">The token.</param>
    /// <param name="entry">The session.</param>
    /// <param name="secret">The id that the request used.</param>
    /// <param name="browser">The key of the browser that may use it.</param>
    /// <param name="page">The page that keeps it.</param>
    /// <param name="lifetime">How long it works.</param>
    /// <param name="most">The most tokens of the session that this node puts and that may be open: the oldest goes.</param>
    public void Put(string purpose, SessionId token, SessionEntry entry, SessionId secret, BrowserKey browser, PageId page, TimeSpan lifetime, int most)
    {
        var details = new TokenDetails
        {
            Secret = NewerSecret.Seal(token, secret),
            BrowserHash = browser.IsNone ? null : SecretHash.Of(browser),
            Page = page.IsNone ? null : page.ToString(),
        };
        var stored = new StoredToken(
            HashOf(purpose, token),
            entry.Id.ToString(),
            SessionRecords.Span(node.Clock.Now + lifetime),
            JsonSerializer.SerializeToUtf8Bytes(details, ClusterJson.Default.TokenDetails));
        var tooMany = Add(entry, stored, most);
        var writing = gate.CallAsync("keeping a token", async (store, stop) =>
        {
            await store.PutTokenAsync(stored, stop);
            if (tooMany is not null)
            {
                await store.TakeTokenAsync(tooMany, isPeek: false, stop);
            }

            return true;
        }).AsTask();
        if (!PendingWrites.TryAdd(writing))
        {
            // Outside of a request nobody waits; a token that was not kept leads nowhere.
            _ = writing.ContinueWith(
                static failed => failed.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>Takes a token, if the browser may use it. Of all who ask one gets it.</summary>
    /// <param name="purpose">What the request uses it for.</param>
    /// <param name="token">The token.</param>
    /// <param name="isForBrowser">Whether the request comes from the browser with this hash.</param>
    /// <returns>What it grants; null where there is none.</returns>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask<(string SessionId, SessionId Secret, string? BrowserHash, PageId Page)?> TakeAsync(
        string purpose, SessionId token, Func<string?, bool> isForBrowser)
    {
        var hash = HashOf(purpose, token);
        if (await gate.CallAsync("reading a token", (store, stop) => store.TakeTokenAsync(hash, isPeek: true, stop)) is not { } found
            || JsonSerializer.Deserialize(found.Data.Span, ClusterJson.Default.TokenDetails) is not { } details
            || !isForBrowser(details.BrowserHash)
            || NewerSecret.Open(token, details.Secret) is not { } secret
            || await gate.CallAsync("taking a token", (store, stop) => store.TakeTokenAsync(hash, isPeek: false, stop)) is null)
        {
            return null;
        }

        return (found.SessionId, secret, details.BrowserHash, PageId.TryCreate(details.Page, out var page) ? page : PageId.None);
    }

    /// <summary>Notes a token of a session. Gives one that there is no room for any more.</summary>
    private string? Add(SessionEntry entry, StoredToken token, int most)
    {
        var open = _open.GetOrCreateValue(entry);
        lock (open)
        {
            var now = SessionRecords.Span(node.Clock.Now);
            while (open.TryPeek(out var first) && first.ExpiresAt <= now)
            {
                open.Dequeue();
            }

            open.Enqueue((token.Hash, token.ExpiresAt));
            return open.Count > most ? open.Dequeue().Hash : null;
        }
    }

    private static string HashOf(string purpose, SessionId token) => purpose + ":" + SecretHash.Of(token);
}
