using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Cluster.Tests.Storage;
using SessionLifetime.Events;
using SessionLifetime.Ids;

namespace SessionLifetime.Cluster.Tests;

/// <summary>What becomes of an event that is not simply delivered.</summary>
public sealed class OutboxTests : ClusterTest
{
    [Fact]
    public async Task AnExitThatIsDeliveredAgain_HasItsValues()
    {
        var hook = new InterceptedStore(_store);
        var first = await ClusterHost.StartAsync(_time, hook, subscribe: static builder => builder.OnApplicationExit(static (_, _) => default(ValueTask)));
        _nodes.Add(first);
        var entry = await first.Host.StartAsync("p1");
        await first.Host.Get<SharedValues>().WriteAsync(entry, [new("h:cart", [1])]);

        // It dies before the completion is written: from then on nothing it sends arrives.
        var isDead = false;
        hook.Before = (call, _) =>
        {
            isDead |= call == "complete";
            return isDead ? throw new IOException("dead") : Task.CompletedTask;
        };
        Assert.True(await first.Host.Engine.TryEndAsync(entry, SessionEndReason.Exited));
        await Eventually.IsAsync(() => isDead);

        Assert.Equal(1, _store.WaitingEvents);
        Assert.Equal(1, _store.ValueCount);
    }

    [Fact]
    public async Task AnExitThatIsDelivered_TakesItsValuesAlong()
    {
        var first = await ClusterHost.StartAsync(_time, _store, subscribe: static builder => builder.OnApplicationExit(static (_, _) => default(ValueTask)));
        _nodes.Add(first);
        var entry = await first.Host.StartAsync("p1");
        await first.Host.Get<SharedValues>().WriteAsync(entry, [new("h:cart", [1])]);

        Assert.True(await first.Host.Engine.TryEndAsync(entry, SessionEndReason.Exited));
        await Eventually.IsAsync(() => _store.ValueCount == 0);

        Assert.Equal(0, _store.WaitingEvents);
    }

    [Fact]
    public async Task AnEventOfANewerVersion_WaitsForANodeOfThatVersion()
    {
        var first = await NodeAsync();
        var entry = await first.Host.StartAsync("p1");
        var record = _store.Records[entry.Id.ToString()];
        await _store.CommitAsync(
            [new(record with { Writer = "newer:1" }, record.Version) { Committer = "newer", Events = [new(record.Id, 128, "renewed", ReadOnlyMemory<byte>.Empty)] }], default);
        for (var second = 0; second < 20; second++)
        {
            _time.Advance(s_second);
            await first.PulseAsync();
            await Task.Yield();
        }

        Assert.Equal(1, _store.WaitingEvents);
    }

    [Fact]
    public async Task AnEventThatACallTookAfterItWasGivenUp_IsDeliveredAllTheSame()
    {
        var hook = new InterceptedStore(_store);
        var node = await NodeAsync(store: hook);
        var entry = await node.Host.StartAsync("p1");

        // The call is given up after a second; the one after it asks again, and finds nothing.
        var (late, isOnItsWay, asked) = (new TaskCompletionSource(), false, 0);
        hook.Before = (call, _) =>
        {
            asked += call == "take" && isOnItsWay ? 1 : 0;
            return call == "take" && !isOnItsWay && (isOnItsWay = true) ? late.Task : Task.CompletedTask;
        };
        await Eventually.IsAsync(async () =>
        {
            await AdvanceAsync(s_second);
            return asked > 2;
        });

        // Another node's decision: nothing wakes this one before the late call takes its event.
        var record = _store.Records[entry.Id.ToString()];
        var exit = new OutboxEvent(record.Id, ClusterEvents.Sequence(record.Version + 1, 61), ClusterEvents.ApplicationExit, "{}"u8.ToArray());
        await _store.CommitAsync(
            [new(record with { Writer = "other:1", EndReason = SessionEndReason.Exited, EndedAt = TimeSpan.Zero }, record.Version) { Committer = "other", Events = [exit] }], default);
        var isTaken = false;
        hook.After = (call, _) =>
        {
            isTaken |= call == "take";
            return Task.CompletedTask;
        };
        late.SetResult();
        await Eventually.IsAsync(() => isTaken);
        await Eventually.IsAsync(async () =>
        {
            _time.Advance(s_second);
            await node.PulseAsync();
            return _store.WaitingEvents == 0;
        });

        Assert.Contains(node.Host.Heard, static heard => heard.StartsWith("ApplicationExit", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AnEventOfACommitWhoseAnswerIsOnItsWay_WaitsForItAndReadsNothing()
    {
        var hook = new InterceptedStore(_store);
        var node = await NodeAsync(store: hook);
        var entry = await node.Host.StartAsync("p1");
        var (answer, isWritten, isTaken, loads) = (new TaskCompletionSource(), false, false, 0);
        hook.Before = (call, _) =>
        {
            loads += call == "load" ? 1 : 0;
            return Task.CompletedTask;
        };
        hook.After = (call, _) =>
        {
            isTaken |= call == "take" && isWritten;
            return call == "commit" && !isWritten && (isWritten = true) ? answer.Task : Task.CompletedTask;
        };
        var ending = node.Host.Engine.TryEndAsync(entry, SessionEndReason.Revoked).AsTask();
        await Eventually.IsAsync(() => isWritten);
        var pulse = node.PulseAsync();
        await Eventually.IsAsync(() => isTaken);
        answer.SetResult();
        Assert.True(await ending);
        await pulse;
        await Eventually.IsAsync(() => _store.WaitingEvents == 0);

        Assert.Single(node.Host.Heard, static heard => heard.StartsWith("ApplicationExit", StringComparison.Ordinal));
        Assert.Equal(0, loads);
    }

    [Fact]
    public async Task AnExit_OnANodeWithoutHandlers_IsToldByANodeThatHasThem()
    {
        var told = 0;
        var without = await ClusterHost.StartAsync(_time, _store);
        _nodes.Add(without);
        var with = await ClusterHost.StartAsync(_time, _store, subscribe: builder => builder.OnApplicationExit((_, _) =>
        {
            Interlocked.Increment(ref told);
            return default(ValueTask);
        }));
        _nodes.Add(with);
        var entry = await without.Host.StartAsync("p1");
        await AdvanceAsync(s_second * 2);

        Assert.True(await without.Host.Engine.TryEndAsync(entry, SessionEndReason.Revoked));
        await AdvanceAsync(s_second * 3);

        Assert.Equal(1, Volatile.Read(ref told));
        Assert.True(entry.Shared!.Told.IsCompleted);
    }

    [Fact]
    public async Task ATimeout_OnANodeWithoutHandlers_IsAnsweredByANodeThatHasThem()
    {
        var asked = 0;
        static void Configure(SessionLifetimeOptions options) => (options.SessionTimeout, options.CountdownDuration) = (TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(1));
        var without = await ClusterHost.StartAsync(_time, _store, Configure);
        _nodes.Add(without);
        var with = await ClusterHost.StartAsync(_time, _store, Configure, subscribe: builder => builder.OnSessionTimeout((raised, _) =>
        {
            Interlocked.Increment(ref asked);
            raised.Handled = true;
            return default(ValueTask);
        }));
        _nodes.Add(with);
        var entry = await without.Host.StartAsync("p1");
        Assert.True(await without.Host.PingAsync(entry));

        // Only the node without handlers looks at what is due; its browser pings on.
        for (var passed = 0; passed < 220; passed += 20)
        {
            await AdvanceAsync(s_second * 20, sweepOf: without);
            Assert.True(await without.Host.PingAsync(entry), $"ended after {passed} s");
        }

        Assert.Equal(1, Volatile.Read(ref asked));
        Assert.Null(_store.Records[entry.Id.ToString()].EndReason);
    }

    [Fact]
    public async Task AnExit_ThatNobodyHasHandlersFor_IsNotKept()
    {
        var (first, second) = (await ClusterHost.StartAsync(_time, _store), await ClusterHost.StartAsync(_time, _store));
        _nodes.AddRange([first, second]);
        var entry = await first.Host.StartAsync("p1");

        Assert.True(await first.Host.Engine.TryEndAsync(entry, SessionEndReason.Revoked));

        Assert.Equal(0, _store.WaitingEvents);
        Assert.True(entry.Shared!.Told.IsCompleted);
    }

    [Fact]
    public void AName_TellsWhichEventsANodeHandles()
    {
        var name = NodeName.Create(static kind => kind is SessionEventKind.PageUnloaded);

        Assert.True(NodeName.Wants(name, SessionEventKind.PageUnloaded));
        Assert.False(NodeName.Wants(name, SessionEventKind.ApplicationExit));
        Assert.False(NodeName.Wants("n1", SessionEventKind.ApplicationExit));
        Assert.False(NodeName.Wants("", SessionEventKind.ApplicationExit));
    }

    [Fact]
    public async Task AnEventWhoseStartFails_IsGivenBack_AndDeliveredLater()
    {
        var hook = new InterceptedStore(_store);
        var (first, second) = (await NodeAsync(store: hook), await NodeAsync());
        var entry = await second.Host.StartAsync("p1");
        var record = _store.Records[entry.Id.ToString()];
        await AdvanceAsync(s_second * 10);

        // The record of the session cannot be read for a while; the event is addressed to nobody.
        var good = record.State;
        var records = (Dictionary<string, SessionRecord>)_store.Records;
        var isTaken = false;
        hook.After = (call, _) =>
        {
            if (call == "load")
            {
                isTaken = true;
            }

            return Task.CompletedTask;
        };
        await _store.CommitAsync(
            [
                new(record with { Writer = "other:1", EndReason = SessionEndReason.Exited, EndedAt = TimeSpan.FromDays(1), State = new byte[] { (byte)'?' } }, record.Version)
                {
                    Committer = first.Node.Id,
                    Events = [new(record.Id, 128 + 61, ClusterEvents.ApplicationExit, "{}"u8.ToArray())],
                },
            ],
            default);
        await Eventually.IsAsync(async () =>
        {
            await first.Host.Get<NodeHeart>().BeatAsync();
            return isTaken;
        });
        Assert.Equal(1, _store.WaitingEvents);
        Assert.DoesNotContain(first.Host.Heard, static one => one.StartsWith("ApplicationExit", StringComparison.Ordinal));

        records[record.Id] = records[record.Id] with { State = good };
        await Eventually.IsAsync(async () =>
        {
            // It may not have been given back yet: time goes on until it is.
            _time.Advance(s_second);
            await first.Host.Get<NodeHeart>().BeatAsync();
            await second.Host.Get<NodeHeart>().BeatAsync();
            return _store.WaitingEvents == 0;
        });

        Assert.Equal(0, _store.WaitingEvents);
        Assert.Contains(first.Host.Heard.Concat(second.Host.Heard), static one => one.StartsWith("ApplicationExit", StringComparison.Ordinal));
    }

    [Fact]
    public async Task NewsOfManyEndsAtOnce_LeaveNothingWaiting()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        await AdvanceAsync(s_second);
        Assert.True(await first.Host.Engine.TryEndAsync(entry, SessionEndReason.Revoked));
        await DeliverAsync(first);
        var changes = new List<CommittedChange> { new(entry.Id.ToString(), 2, true, true) };
        changes.AddRange(Enumerable.Range(0, 5000).Select(static _ => new CommittedChange(PublicId.Create().ToString(), 2, true, true)));

        second.Directory.News.Distrust(changes);
        second.Directory.News.HeedTold(changes);
        await second.Directory.News.ReadAsync();
        await Eventually.IsAsync(() => there.IsEnded && there.Shared!.Told.IsCompleted);

        Assert.Null(second.Directory.Ended.Find(entry.Id));
    }

    [Fact]
    public async Task WhatANewerVersionWrote_IsKeptByAnOlderOne()
    {
        var first = await NodeAsync();
        var entry = await first.Host.StartAsync("p1");
        var record = _store.Records[entry.Id.ToString()];
        var text = System.Text.Encoding.UTF8.GetString(record.State.Span);
        text = text[..^1] + ",\"future\":{\"a\":[1]}}";
        text = text.Replace("\"pages\":[{", "\"pages\":[{\"color\":7,", StringComparison.Ordinal);
        Assert.Contains("color", text, StringComparison.Ordinal);
        var newer = record with { Version = record.Version + 1, State = System.Text.Encoding.UTF8.GetBytes(text) };
        ((Dictionary<string, SessionRecord>)_store.Records)[record.Id] = newer;
        await first.Directory.Follower.FollowInTurnAsync(entry, newer);

        await first.Directory.SaveAsync(entry);
        await first.Directory.SaveAsync(entry);

        var written = System.Text.Encoding.UTF8.GetString(_store.Records[record.Id].State.Span);
        Assert.Contains("\"future\":{\"a\":[1]}", written, StringComparison.Ordinal);
        Assert.Contains("\"color\":7", written, StringComparison.Ordinal);
    }
}
