using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Ids;

namespace SessionLifetime.Tests.Engine;

public sealed class ScaleTests
{
    [Fact]
    public async Task OneHundredThousandSessions_StartedKeptAndEnded_TheCountsAddUp()
    {
        const int Count = 100_000;
        var ended = new int[Enum.GetValues<SessionEndReason>().Length];
        var timeouts = 0;
        await using var host = new EngineHost(
            options =>
            {
                options.SessionTimeout = TimeSpan.FromMinutes(20);
                options.AbsoluteTimeout = TimeSpan.FromHours(2);

                // The clock jumps while handlers run.
                options.HandlerTimeout = TimeSpan.FromDays(1);
            },
            builder => builder
                .OnSessionTimeout(_ => Interlocked.Increment(ref timeouts))
                .OnApplicationExit(context => Interlocked.Increment(ref ended[(int)context.Reason])));
        var entries = new SessionEntry[Count];
        for (var i = 0; i < Count; i++)
        {
            var hold = (await host.TryStartAsync(PageId.None))!;
            host.Engine.Release(hold);
            entries[i] = hold.Entry;
        }

        Assert.Equal(Count, host.Sessions.Count);

        // By the tenth of its number a session exits, destroys itself, pings only, works until the absolute end, or falls silent.
        for (var minute = 0; minute <= 130; minute++)
        {
            for (var i = 0; i < Count; i++)
            {
                switch (i % 10)
                {
                    case 0 when minute == 5:
                        await host.Engine.EndAndWaitAsync(entries[i], SessionEndReason.Exited);
                        break;
                    case 1 when minute == 7:
                        host.Engine.TabSessionOf(entries[i]).SelfDestruct(TimeSpan.FromSeconds(90));
                        break;
                    case 2 or 3 when minute % 5 == 0:
                        await host.PingAsync(entries[i]);
                        break;
                    case 4 or 5 when minute % 5 == 0:
                        host.Engine.TabSessionOf(entries[i]).MarkActivity();
                        break;
                    default:
                        break;
                }
            }

            host.Time.Advance(TimeSpan.FromMinutes(1));
            await host.Sweeper.SweepAsync();
        }

        foreach (var entry in entries)
        {
            await host.SettleAsync(entry);
        }

        Assert.Equal(0, host.Sessions.Count);
        Assert.Equal(Count / 10, ended[(int)SessionEndReason.Exited]);
        Assert.Equal(Count / 10, ended[(int)SessionEndReason.SelfDestructed]);
        Assert.Equal(Count / 5, ended[(int)SessionEndReason.IdleTimeout]);
        Assert.Equal(Count / 5, ended[(int)SessionEndReason.AbsoluteTimeout]);
        Assert.Equal(Count * 4 / 10, ended[(int)SessionEndReason.SignalLost]);
        Assert.Equal(Count, ended.Sum());
        Assert.Equal(Count * 6 / 10, timeouts);
        Assert.Empty(host.Log.Errors);
    }
}
