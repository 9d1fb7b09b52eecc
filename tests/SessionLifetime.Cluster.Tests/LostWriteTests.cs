using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Cluster.Tests.Storage;
using SessionLifetime.Engine;
using SessionLifetime.Policy;

namespace SessionLifetime.Cluster.Tests;

/// <summary>Writes that fail, whose answers are lost, or whose records are gone.</summary>
public sealed class LostWriteTests : ClusterTest
{
    // A record that the store has forgotten.
    [Fact]
    public async Task AnExitOfASessionThatTheStoreHasForgotten_Returns()
    {
        var first = await NodeAsync();
        var entry = await first.Host.StartAsync("p1");
        var owned = new Owned();
        first.Host.Engine.TabSessionOf(entry).Items["object"] = owned;
        Assert.True(await first.Host.PingAsync(entry));
        await AdvanceAsync(s_second * 12);
        ((Dictionary<string, SessionRecord>)_store.Records).Remove(entry.Id.ToString());

        var exiting = first.Host.Engine.EndAndWaitAsync(entry, SessionEndReason.Exited);
        await AdvanceUntilAsync(exiting);

        Assert.True(entry.IsEnded);
        await Eventually.IsAsync(() => owned.IsDisposed);
    }

    [Fact]
    public async Task AnExitOfASessionThatTheStoreHasForgotten_WaitsForNothing()
    {
        var first = await NodeAsync();
        var entry = await first.Host.StartAsync("p1");
        await AdvanceAsync(s_second * 3);
        ((Dictionary<string, SessionRecord>)_store.Records).Remove(entry.Id.ToString());

        var exiting = first.Host.Engine.EndAndWaitAsync(entry, SessionEndReason.Exited);
        await AdvanceUntilAsync(exiting);

        Assert.True(entry.IsEnded);
    }

    // A new secret that could not be written is handed out all the same.
    [Fact]
    public async Task ANewId_ThatWasNotWritten_IsNotHandedOut_OrIsWrittenLater()
    {
        var hook = new InterceptedStore(_store);
        var (first, second) = (await NodeAsync(store: hook), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        hook.Before = static (call, _) => call == "commit" ? throw new IOException("lost") : Task.CompletedTask;
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(async () => await first.Host.Engine.Rotation.RotateAsync(entry));
        hook.Before = null;
        await AdvanceAsync(s_second * 30);

        if (entry.NewerThan(entry.Secret) is { } handedOut)
        {
            Assert.NotNull(await second.FindAsync(handedOut));
        }
    }

    // The answer of the timeout handlers cannot be written while the node leaves.
    [Fact]
    public async Task AnAnswerThatANodeCouldNotWriteWhenItLeft_IsAskedForAgain()
    {
        var hook = new InterceptedStore(_store);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = await ClusterHost.StartAsync(_time, hook, subscribe: builder => builder.OnSessionTimeout(async (_, _) => await gate.Task), configure: static options =>
        {
            options.SessionTimeout = TimeSpan.FromMinutes(1);
            options.SignalTimeout = TimeSpan.FromDays(1);
            options.HandlerTimeout = TimeSpan.FromHours(1);
        });
        _nodes.Add(first);
        var entry = await first.Host.StartAsync("p1");
        await Eventually.IsAsync(async () =>
        {
            _time.Advance(s_second);
            await first.PulseAsync();
            return first.Delivery.Open == 1;
        });
        first.Node.IsLeaving = true;
        hook.Before = static (call, _) => call == "commit" ? throw new IOException("lost") : Task.CompletedTask;
        gate.SetResult();
        await Eventually.IsAsync(() => first.Host.Log.Lines.Any(static line => line.Id.Id == 13));
        hook.Before = null;
        _time.Advance(s_second);
        await first.Host.Get<NodeHeart>().BeatAsync();
        var stopping = first.Delivery.StopAsync().AsTask();
        await Eventually.IsAsync(() =>
        {
            _time.Advance(s_second * 0.2);
            return stopping.IsCompleted;
        });
        await first.DisposeAsync();
        _nodes.Clear();
        Assert.True(_store.Records[entry.Id.ToString()].EndReason is null);

        var next = await ClusterHost.StartAsync(_time, _store, subscribe: static builder => builder.OnSessionTimeout(static (_, _) => default(ValueTask)), configure: static options =>
        {
            options.SessionTimeout = TimeSpan.FromMinutes(1);
            options.SignalTimeout = TimeSpan.FromDays(1);
        });
        _nodes.Add(next);
        await AdvanceAsync(TimeSpan.FromMinutes(10));
        Assert.NotNull(_store.Records[entry.Id.ToString()].EndReason);
    }

    // A commit whose answer was lost is sent again.
    [Fact]
    public async Task ACommitWhoseAnswerWasLost_IsSentAgain()
    {
        var hook = new InterceptedStore(_store);
        var first = await NodeAsync(store: hook);
        var entry = await first.Host.StartAsync("p1");
        var commits = 0;
        hook.After = (call, _) => call == "commit" && ++commits == 1 ? throw new IOException("lost") : Task.CompletedTask;

        Assert.True(await first.Host.Engine.TryEndAsync(entry, SessionEndReason.Exited));
        Assert.Equal(2, commits);
    }

    // What failed once is not served from memory until it is read again.
    [Fact]
    public async Task AnExitWhoseAnswerWasLost_IsReadBeforeTheNextTouch()
    {
        var hook = new InterceptedStore(_store);
        var first = await NodeAsync(store: hook);
        var entry = await first.Host.StartAsync("p1");
        hook.After = static (call, _) => call == "commit" ? throw new IOException("lost") : Task.CompletedTask;
        Assert.True(await first.Host.Engine.TryEndAsync(entry, SessionEndReason.Exited));
        hook.After = null;
        Assert.NotNull(_store.Records[entry.Id.ToString()].EndReason);

        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => first.Host.PingAsync(entry, SignalReport.Activity));
        await AdvanceAsync(s_second * 2);
        Assert.False(await first.Host.PingAsync(entry, SignalReport.Activity));
    }

    // A start that failed is not kept alive by the request that tried it.
    [Fact]
    public async Task ASessionThatCouldNotBeStarted_ButReachedTheStore_EndsByItsRules()
    {
        var hook = new InterceptedStore(_store);
        var node = await NodeAsync(static options => (options.SessionTimeout, options.CountdownDuration) = (s_second * 30, s_second * 10), hook);
        var (answer, commits) = (new TaskCompletionSource(), 0);
        hook.Before = (call, _) => call == "commit" && ++commits > 1 ? throw new IOException("lost") : Task.CompletedTask;
        hook.After = (call, _) => call == "commit" ? answer.Task : Task.CompletedTask;
        var starting = node.Host.StartAsync("p1");
        await Eventually.IsAsync(() => _store.Records.Count == 1);

        // It is heard of before it is answered.
        var pulse = node.PulseAsync();
        answer.SetException(new IOException("lost"));
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => starting);
        await pulse;
        (hook.Before, hook.After) = (null, null);
        await AdvanceAsync(TimeSpan.FromMinutes(3));

        Assert.NotNull(Assert.Single(_store.Records).Value.EndReason);
        Assert.Single(node.Host.Heard, static heard => heard.StartsWith("ApplicationExit", StringComparison.Ordinal));
    }
}
