using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Directories;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Scheduling;
using SessionLifetime.Storage;
using SessionLifetime.Tests.Engine;
using SessionLifetime.Tests.Fakes;
using SessionLifetime.Tests.Http;

namespace SessionLifetime.Tests.Storage;

/// <summary>One process in front of the reference store.</summary>
public sealed class StoredSessionDirectoryTests : IAsyncDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(20);

    private readonly FakeTimeProvider _time = new();
    private readonly MemoryBackingStore _store;

    public StoredSessionDirectoryTests() => _store = new(_time);

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task TheNextProcess_GoesOnWithTheSession()
    {
        SessionId secret;
        await using (var first = Host())
        {
            var entry = await first.StartAsync("p1");
            secret = entry.Secret;
            first.Engine.TabSessionOf(entry).SessionTimeout = TimeSpan.FromMinutes(3);
            _time.Advance(TimeSpan.FromMinutes(2));
            await first.PingAsync(entry, SignalReport.Activity);
            await first.Engine.Directory.FlushAsync();
        }

        await using var second = Host();
        second.Record();
        var found = await second.Engine.Directory.FindAsync(secret, default);

        Assert.NotNull(found);
        Assert.Equal(1, second.Engine.Directory.Count);
        Assert.True(found.IsOpenPage(PageOf("p1")));
        Assert.Equal(TimeSpan.FromMinutes(3), second.Engine.TabSessionOf(found).SessionTimeout);
        _time.Advance(TimeSpan.FromMinutes(3) - TimeSpan.FromSeconds(1));
        Assert.Equal(DueRulesResult.Alive, await second.Engine.ApplyDueRulesAsync(found));
        _time.Advance(TimeSpan.FromMinutes(4));
        await second.Sweeper.SweepAsync();
        await second.SettleAsync(found);
        Assert.True(found.IsEnded);
        Assert.Equal(["SessionTimeout 1", "ApplicationExit SignalLost"], second.Heard);
        Assert.Equal(0, second.Engine.Directory.Count);
    }

    [Fact]
    public async Task ASweep_EndsWhatNobodyAskedForSinceTheStart()
    {
        await using (var first = Host())
        {
            await first.StartAsync();
        }

        await using var second = Host();
        second.Record();
        _time.Advance(s_timeout * 3);
        await second.Sweeper.SweepAsync();
        await WaitAsync(() => second.Heard.Count == 2);

        Assert.Equal(["SessionTimeout 1", "ApplicationExit SignalLost"], second.Heard);
        Assert.Equal(0, await _store.CountAsync(default, default));
    }

    [Fact]
    public async Task AnEndedSession_IsRememberedByTheNextProcess()
    {
        SessionId secret;
        await using (var first = Host())
        {
            var entry = await first.StartAsync();
            secret = entry.Secret;
            await first.Engine.EndAndWaitAsync(entry, SessionEndReason.Revoked);
        }

        await using var second = Host();

        Assert.Null(await second.Engine.Directory.FindAsync(secret, default));
        Assert.Equal(SessionEndReason.Revoked, (await second.Engine.Directory.FindEndedAsync(secret, default))!.Value.Reason);
    }

    [Fact]
    public async Task AStop_EndsNoSessionAndWritesWhatMoved()
    {
        await using (var first = Host())
        {
            var shutdown = new SessionShutdownService(
                first.Engine,
                first.Get<AllSessions>(),
                first.Get<SessionDisposer>(),
                first.Get<ConnectionCloser>(),
                first.Get<IHostApplicationLifetime>(),
                first.Get<IOptions<SessionLifetimeOptions>>(),
                first.Get<IWorkScheduler>(),
                _time,
                first.Get<ILogger<SessionShutdownService>>());
            await shutdown.StartAsync(default);
            first.Record();
            var entry = await first.StartAsync();
            _time.Advance(TimeSpan.FromMinutes(5));
            await first.PingAsync(entry, SignalReport.Activity);
            await shutdown.StopAsync(default);
            Assert.Equal(["SessionStarted"], first.Heard);
        }

        var record = Assert.Single(await RecordsAsync());
        Assert.Null(record.EndReason);
        Assert.Equal(TimeSpan.FromMinutes(5), record.Stamps.LastActivity - record.StartedAt);
    }

    [Fact]
    public async Task Touches_AreWrittenInBatches_NotOneByOne()
    {
        await using var host = Host();
        var entries = new List<SessionEntry>();
        for (var number = 0; number < 300; number++)
        {
            entries.Add(await host.StartAsync());
        }

        await host.Engine.Directory.FlushAsync();
        var (touches, commits) = (_store.Calls["TouchAsync"], _store.Calls["CommitAsync"]);
        _time.Advance(TimeSpan.FromMinutes(1));
        for (var round = 0; round < 10; round++)
        {
            foreach (var entry in entries)
            {
                Assert.True(await host.PingAsync(entry, SignalReport.Activity));
            }
        }

        await host.Engine.Directory.FlushAsync();

        Assert.Equal(2, _store.Calls["TouchAsync"] - touches);
        Assert.Equal(commits, _store.Calls["CommitAsync"]);
        Assert.All(await RecordsAsync(), static record => Assert.Equal(TimeSpan.FromMinutes(1), record.Stamps.LastActivity - record.StartedAt));
    }

    [Fact]
    public async Task AStoreThatIsAway_KeepsATouchForLater_AndACommitFailsAndLosesNothing()
    {
        await using var host = Host();
        var entry = await host.StartAsync();
        await host.Engine.Directory.FlushAsync();
        _time.Advance(TimeSpan.FromMinutes(1));
        _store.IsAway = true;

        Assert.True(await host.PingAsync(entry, SignalReport.Activity));
        await Assert.ThrowsAsync<IOException>(async () => await host.Engine.Directory.FlushAsync());
        await Assert.ThrowsAsync<IOException>(async () => await host.Engine.TryEndAsync(entry, SessionEndReason.Exited));
        Assert.False(entry.IsEnded);
        Assert.True(await host.PingAsync(entry, SignalReport.Activity));

        _store.IsAway = false;
        await host.Engine.Directory.FlushAsync();
        var record = Assert.Single(await RecordsAsync());
        Assert.Equal(TimeSpan.FromMinutes(1), record.Stamps.LastActivity - record.StartedAt);
        Assert.True(await host.Engine.TryEndAsync(entry, SessionEndReason.Exited));
        Assert.Equal(0, host.Engine.Ends.Count);
    }

    [Fact]
    public async Task ASignalWhileAnEndIsWritten_WaitsAndIsNotToldAlive()
    {
        await using var host = Host();
        var entry = await host.StartAsync();
        _time.Advance(s_timeout * 3);
        var (writing, write) = (new TaskCompletionSource(), new TaskCompletionSource());
        _store.BeforeCommit = async _ =>
        {
            writing.TrySetResult();
            await write.Task;
        };
        var ending = host.Engine.ApplyDueRulesAsync(entry).AsTask();
        await writing.Task;
        var ping = host.Engine.TryCountAsync(entry, SignalReport.Activity).AsTask();
        var request = host.Engine.TryBeginAsync(entry, isActivity: true, new RequestHold()).AsTask();

        Assert.False(ping.IsCompleted || request.IsCompleted);
        write.SetResult();
        Assert.Equal(DueRulesResult.Ended, await ending);
        Assert.False(await ping || await request);
    }

    [Fact]
    public async Task AChangeElsewhere_IsFollowed_WhetherByNewsByAFlushOrByACommitThatFails()
    {
        await using var host = Host();
        var entries = new List<SessionEntry>();
        for (var number = 0; number < 3; number++)
        {
            entries.Add(await host.StartAsync());
        }

        foreach (var entry in entries)
        {
            var record = (await _store.LoadAsync(SessionKey.OfId(entry.Id.ToString()), default))!;
            await _store.CommitAsync(new(record with { User = "bob" }, record.Version, null), default);
        }

        var directory = (StoredSessionDirectory)host.Engine.Directory;
        await directory.HeedAsync(new(entries[0].Id.ToString(), 100, false), default);
        _time.Advance(TimeSpan.FromSeconds(1));
        await host.PingAsync(entries[1]);
        await directory.FlushAsync();
        host.Engine.TabSessionOf(entries[2]).SelfDestruct(TimeSpan.FromHours(1));

        Assert.All(entries, static entry => Assert.Equal("bob", entry.User));
        Assert.Equal(3, (await directory.ListAsync(new(User: "bob"), null, 10, default)).Count);
        Assert.False(entries[2].Read().SelfDestructAt.IsNever);
    }

    [Fact]
    public async Task ATouchElsewhere_IsSeenByTheDecisionThatDidNotKnowIt()
    {
        await using var host = Host();
        host.Record();
        var entry = await host.StartAsync();
        await host.Engine.Directory.FlushAsync();
        _time.Advance(TimeSpan.FromMinutes(10));
        var record = Assert.Single(await RecordsAsync());
        var touched = record.Stamps with
        {
            LastActivity = record.StartedAt + TimeSpan.FromMinutes(10),
            LastSignal = record.StartedAt + TimeSpan.FromMinutes(10),
        };
        await _store.TouchAsync(new SessionTouch[] { new(record.Id, touched, null, record.Version) }, default);
        _time.Advance(TimeSpan.FromMinutes(11));

        Assert.Equal(DueRulesResult.Alive, await host.Engine.ApplyDueRulesAsync(entry));
        Assert.Equal(["SessionStarted"], host.Heard);
        _time.Advance(TimeSpan.FromMinutes(9));
        await host.Engine.ApplyDueRulesAsync(entry);
        await host.SettleAsync(entry);
        Assert.Equal(["SessionStarted", "SessionTimeout 1"], host.Heard);
    }

    [Fact]
    public async Task AnEndElsewhere_EndsTheEntryAndIsTold_AndNoHandlerHearsOfItHere()
    {
        await using var host = Host();
        host.Record();
        var entry = await host.StartAsync();
        var directory = (StoredSessionDirectory)host.Engine.Directory;
        var told = new List<SessionEntry>();
        directory.EndedElsewhere += told.Add;
        var record = Assert.Single(await RecordsAsync());
        await _store.CommitAsync(new(record with { EndReason = SessionEndReason.Revoked, EndedAt = record.StartedAt }, record.Version, null), default);
        await directory.HeedAsync(new(record.Id, 2, true), default);

        Assert.True(entry.IsEnded);
        Assert.Equal([entry], told);
        Assert.False(directory.TryGet(entry.Secret, out _));
        Assert.Equal(SessionEndReason.Revoked, (await directory.FindEndedAsync(entry.Secret, default))!.Value.Reason);
        Assert.Equal(["SessionStarted"], host.Heard);
        Assert.Equal(0, directory.Count);
    }

    [Fact]
    public async Task Limits_CountTheSessionsOfTheStore_NotOnlyThoseKnownHere()
    {
        var owner = new SessionOwner(BrowserKey.Create(), "ada");
        await using (var first = Host(static options => options.MaxSessionsPerUser = 2))
        {
            Assert.NotNull(await first.TryStartAsync(PageOf("p1"), owner));
            Assert.NotNull(await first.TryStartAsync(PageOf("p2"), owner));
        }

        await using var second = Host(static options => options.MaxSessionsPerUser = 2);

        Assert.Null(await second.TryStartAsync(PageOf("p3"), owner));
    }

    [Fact]
    public async Task NoSecret_ReachesTheStore()
    {
        await using var host = Host();
        var key = BrowserKey.Create();
        var hold = await host.TryStartAsync(PageOf("p1"), new(key, "ada"));
        await host.Engine.Rotation.RotateAsync(hold!.Entry);
        var secrets = new[] { hold.Entry.Secret.Reveal(), hold.Entry.Rotated!.Newest.Reveal(), key.Reveal() };
        var text = Assert.Single(await RecordsAsync()).ToString() + string.Join(';', (await RecordsAsync())[0].Secrets);

        Assert.Equal(2, (await RecordsAsync())[0].Secrets.Count);
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task ASecretThatWasReplaced_WorksForItsOverlapOnly_AlsoInTheNextProcess()
    {
        SessionId former, newest;
        await using (var first = Host())
        {
            var entry = await first.StartAsync();
            former = entry.Secret;
            await first.Engine.Rotation.RotateAsync(entry);
            newest = entry.Rotated!.Newest;
            first.Engine.Rotation.OnUsed(entry, newest);
            await first.Engine.Directory.FlushAsync();
        }

        await using var second = Host();
        Assert.NotNull(await second.Engine.Directory.FindAsync(former, default));
        var found = await second.Engine.Directory.FindAsync(newest, default);
        Assert.NotNull(found);
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Null(await second.Engine.Directory.FindAsync(former, default));
        Assert.Same(found, await second.Engine.Directory.FindAsync(newest, default));
    }

    [Fact]
    public async Task Over_HTTP_a_session_goes_on_after_a_restart_in_its_own_browser_only()
    {
        string id, key;
        await using (var first = await AppAsync())
        {
            var visitor = await Visitor.ArriveAsync(first);
            (id, key) = (visitor.Id!, visitor.Key!);
        }

        await using var second = await AppAsync();
        (await new Visitor(second) { Id = id, Key = BrowserKey.Create().Reveal() }.PingAsync()).Is(HttpStatusCode.Forbidden);
        (await new Visitor(second) { Id = id }.PingAsync()).Is(HttpStatusCode.Forbidden);
        var own = new Visitor(second) { Id = id, Key = key };
        (await own.PingAsync()).Is(HttpStatusCode.OK);
        (await own.ActivityAsync()).Is(HttpStatusCode.OK);
        (await own.ExitAsync()).Is(HttpStatusCode.NoContent);
        (await own.PingAsync()).Is(HttpStatusCode.Gone);
    }

    private static PageId PageOf(string name)
    {
        Assert.True(PageId.TryCreate(name, out var page));
        return page;
    }

    private static async Task WaitAsync(Func<bool> condition)
    {
        for (var tries = 0; !condition() && tries < 10_000; tries++)
        {
            await Task.Delay(1);
        }

        Assert.True(condition());
    }

    private EngineHost Host(Action<SessionLifetimeOptions>? configure = null) => new(
        options =>
        {
            (options.SessionTimeout, options.HandlerTimeout) = (s_timeout, TimeSpan.FromDays(1));
            configure?.Invoke(options);
        },
        time: _time,
        store: _store);

    private Task<SessionApp> AppAsync() => SessionApp.StartAsync(setup => setup.Services = builder =>
        builder.Services.AddSingleton<SessionDirectory>(provider => EngineHost.Stored(
            _store,
            new SessionLifetimeOptions(),
            provider.GetRequiredService<TimeProvider>())));

    private async Task<List<SessionRecord>> RecordsAsync()
    {
        var records = new List<SessionRecord>();
        await foreach (var record in _store.ListAsync(default, default))
        {
            records.Add(record);
        }

        return records;
    }
}
