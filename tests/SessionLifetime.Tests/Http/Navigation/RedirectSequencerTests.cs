using SessionLifetime.Http.Navigation;
using SessionLifetime.Ids;
using SessionLifetime.Tests.Fakes;

namespace SessionLifetime.Tests.Http.Navigation;

public sealed class RedirectSequencerTests
{
    private static readonly BrowserKey s_browser = BrowserKey.Create();

    private readonly FakeTimeProvider _time = new();
    private readonly RedirectSequencer _redirects;

    public RedirectSequencerTests() => _redirects = new(_time);

    [Fact]
    public async Task The_second_waits_until_the_first_has_arrived_and_others_do_not_wait()
    {
        Assert.True(Enter("first").IsCompleted);
        var second = Enter("second");

        Assert.False(second.IsCompleted);
        Assert.True(Enter("elsewhere", target: 2).IsCompleted);
        Assert.True(_redirects.EnterAsync(BrowserKey.Create(), 1, "of another browser").AsTask().IsCompleted);

        _redirects.Leave(s_browser, 1, "nobody");
        Assert.False(second.IsCompleted);
        _redirects.Leave(s_browser, 1, "first");
        await second;
    }

    [Fact]
    public async Task A_browser_that_does_not_follow_is_waited_for_half_a_second()
    {
        _ = Enter("first");
        var second = Enter("second");
        _time.Advance(TimeSpan.FromMilliseconds(499));
        Assert.False(second.IsCompleted);

        _time.Advance(TimeSpan.FromMilliseconds(1));
        await second;
    }

    [Fact]
    public async Task However_many_are_before_it_nobody_waits_for_more_than_a_second_and_nothing_is_kept()
    {
        var waiting = Enumerable.Range(0, 1000).Select(n => Enter($"{n}")).ToArray();
        _time.Advance(TimeSpan.FromSeconds(1));

        await Task.WhenAll(waiting);
        await SessionApp.EventuallyAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return _redirects.Count == 0;
        });
    }

    [Fact]
    public void A_waiting_redirect_goes_on_where_its_caller_runs_so_that_a_simulation_repeats()
    {
        var callers = new PostedWork();
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(callers);
        try
        {
            _ = Enter("first");
            var second = Enter("second");
            _redirects.Leave(s_browser, 1, "first");
            Assert.False(second.IsCompleted);

            callers.RunAll();

            Assert.True(second.IsCompletedSuccessfully);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    private Task Enter(string name, uint target = 1) => _redirects.EnterAsync(s_browser, target, name).AsTask();

    /// <summary>One thread's work, run when it is asked for.</summary>
    private sealed class PostedWork : SynchronizationContext
    {
        private readonly Queue<(SendOrPostCallback Work, object? State)> _posted = new();

        public override void Post(SendOrPostCallback d, object? state) => _posted.Enqueue((d, state));

        public void RunAll()
        {
            while (_posted.TryDequeue(out var next))
            {
                next.Work(next.State);
            }
        }
    }
}
