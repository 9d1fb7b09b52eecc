using System.Collections.Concurrent;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Navigation;

/// <summary>
/// Lets the redirects of one browser to one address go one at a time: the next is answered when the one before has arrived where it
/// leads, so that never two of their cookies stand in the browser at once, when nobody could tell whose request is whose.
/// </summary>
internal sealed class RedirectSequencer(TimeProvider time)
{
    /// <summary>How long a redirect is waited for: some browsers do not follow.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(500);

    /// <summary>How long one waits at most, however many are before it.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(BrowserKey Browser, uint Target), Hop> _hops = new();

    /// <summary>How many are on their way.</summary>
    public int Count => _hops.Count;

    /// <summary>Waits until no other is on its way there. Who has waited for too long goes beside the others.</summary>
    public async ValueTask EnterAsync(BrowserKey browser, uint target, string name)
    {
        if (browser.IsNone)
        {
            return;
        }

        var hop = new Hop(name);
        Task? patience = null;
        while (!_hops.TryAdd((browser, target), hop))
        {
            patience ??= Task.Delay(s_longest, time);
            if (_hops.TryGetValue((browser, target), out var other) && await Task.WhenAny(other.Arrived, patience) == patience)
            {
                return;
            }
        }

        _ = LeaveLateAsync(browser, target, hop);
    }

    /// <summary>The request has come.</summary>
    public void Leave(BrowserKey browser, uint target, string name)
    {
        if (_hops.TryGetValue((browser, target), out var hop) && string.Equals(hop.Name, name, StringComparison.Ordinal))
        {
            Remove(browser, target, hop);
        }
    }

    private async Task LeaveLateAsync(BrowserKey browser, uint target, Hop hop)
    {
        await Task.WhenAny(hop.Arrived, Task.Delay(s_patience, time));
        Remove(browser, target, hop);
    }

    private void Remove(BrowserKey browser, uint target, Hop hop)
    {
        _hops.TryRemove(new((browser, target), hop));
        hop.Arrive();
    }

    private sealed class Hop(string name)
    {
        private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Name => name;

        public Task Arrived => _arrived.Task;

        public void Arrive() => _arrived.TrySetResult();
    }
}
