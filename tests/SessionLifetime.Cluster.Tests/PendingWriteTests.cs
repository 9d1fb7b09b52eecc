using SessionLifetime.Scheduling;

namespace SessionLifetime.Cluster.Tests;

/// <summary>What synchronous members write during a request, and during a connection that lasts.</summary>
public sealed class PendingWriteTests
{
    [Fact]
    public async Task WhatIsWrittenBeforeTheAnswer_IsWaitedFor_AndItsFailureThrownOnce()
    {
        var writes = new PendingWrites();
        writes.Begin();
        var write = new TaskCompletionSource();
        Assert.True(PendingWrites.TryAdd(write.Task));

        var waiting = writes.WhenWrittenAsync().AsTask();
        Assert.False(waiting.IsCompleted);
        write.SetException(new SessionStoreUnavailableException("away"));

        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => waiting);
        await writes.AnswerStartsAsync();
        Assert.Equal(0, writes.Count);
    }

    [Fact]
    public async Task AfterTheAnswerHasStarted_WhatIsWrittenIsForgotten_AndItsFailureIsTheCallers()
    {
        var writes = new PendingWrites();
        writes.Begin();
        await writes.AnswerStartsAsync();
        for (var one = 0; one < 1000; one++)
        {
            var write = new TaskCompletionSource();
            Assert.False(PendingWrites.TryAdd(write.Task));
            if (one % 2 == 0)
            {
                write.SetResult();
            }
            else
            {
                write.SetException(new SessionStoreUnavailableException("away"));
                _ = write.Task.Exception;
            }
        }

        Assert.Equal(1, writes.Count);
        await writes.WhenWrittenAsync();
    }

    [Fact]
    public async Task WhenTheAnswerIsOfAFailure_WhatElseFailsIsNotThrown()
    {
        var writes = new PendingWrites();
        writes.Begin();
        Assert.True(PendingWrites.TryAdd(Task.FromException(new SessionStoreUnavailableException("away"))));
        writes.GiveUp();

        await writes.AnswerStartsAsync();
    }

    [Fact]
    public async Task TheEndOfARequest_WaitsForWhatIsBegunAfterItsAnswerHasStarted()
    {
        var writes = new PendingWrites();
        writes.Begin();
        await writes.AnswerStartsAsync();
        var write = new TaskCompletionSource();
        Assert.False(PendingWrites.TryAdd(write.Task));

        var waiting = writes.WhenWrittenAsync().AsTask();
        Assert.False(waiting.IsCompleted);
        write.SetResult();
        await waiting;
    }
}
