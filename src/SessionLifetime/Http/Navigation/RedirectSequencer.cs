using System.Collections.Concurrent;
using SessionLifetime.Ids;
using SessionLifetime.Scheduling;

namespace SessionLifetime.Http.Navigation;

/// <summary>
/// Sends the redirects of one browser to one address one after the other: the next answer is sent when the redirected request of the one before has
/// arrived. So the browser never holds two relay cookies for one address, which could not be told apart.
/// </summary>
internal sealed class RedirectSequencer(TimeProvider time)
{
    /// <summary>How long a redirected request is waited for: some clients do not follow redirects.</summary>
    private static readonly TimeSpan s_arrivalTimeout = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a redirect waits at most, however many are before it.</summary>
    private static readonly TimeSpan s_maxWait = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(BrowserKey Browser, uint Target), PendingRedirect> _pending = new();

    /// <summary>How many redirected requests have not arrived yet.</summary>
    public int Count => _pending.Count;

    /// <summary>Waits until no other redirect of the browser to the address is pending. After the longest wait it returns all the same.</summary>
    public async ValueTask EnterAsync(BrowserKey browser, uint target, string name)
    {
        if (browser.IsNone)
        {
            return;
        }

        var redirect = new PendingRedirect(name);
        if (!_pending.TryAdd((browser, target), redirect))
        {
            using var limit = new TimeLimit(s_maxWait, time);
            do
            {
                if (limit.HasPassed)
                {
                    return;
                }

                if (_pending.TryGetValue((browser, target), out var other))
                {
                    await limit.WaitForAsync(other.Arrived);
                }
            }
            while (!_pending.TryAdd((browser, target), redirect));
        }

        _ = LeaveAfterTimeoutAsync(browser, target, redirect);
    }

    /// <summary>The redirected request has arrived.</summary>
    public void Leave(BrowserKey browser, uint target, string name)
    {
        if (_pending.TryGetValue((browser, target), out var redirect) && string.Equals(redirect.Name, name, StringComparison.Ordinal))
        {
            Remove(browser, target, redirect);
        }
    }

    private async Task LeaveAfterTimeoutAsync(BrowserKey browser, uint target, PendingRedirect redirect)
    {
        using var limit = new TimeLimit(s_arrivalTimeout, time);
        await limit.WaitForAsync(redirect.Arrived);
        Remove(browser, target, redirect);
    }

    private void Remove(BrowserKey browser, uint target, PendingRedirect redirect)
    {
        _pending.TryRemove(new((browser, target), redirect));
        redirect.Arrive();
    }

    private sealed class PendingRedirect(string name)
    {
        private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Name => name;

        public Task Arrived => _arrived.Task;

        public void Arrive() => _arrived.TrySetResult();
    }
}
