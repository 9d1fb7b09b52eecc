using System.Collections.Concurrent;
using SessionLifetime.Engine;
using SessionLifetime.Sessions;

namespace SessionLifetime.Tests.Engine;

public sealed class ConnectionCloserTests
{
    [Fact]
    public async Task Close_WhereOneFails_ClosesAndCutsOffTheOthersAllTheSame()
    {
        await using var host = new EngineHost();
        var entry = await host.StartAsync();
        var session = host.Engine.TabSessionOf(entry);
        var heard = new ConcurrentBag<string>();
        foreach (var connection in (Connection[])[new("first", heard), new("fails", heard), new("last", heard)])
        {
            Assert.True(session.Connections.TryAdd(connection));
        }

        await session.ExitAsync();
        await Http.SessionApp.EventuallyAsync(() => heard.Count == 3);
        host.Time.Advance(TimeSpan.FromSeconds(2));
        await host.Get<ConnectionCloser>().Open.WhenNoneAsync();

        Assert.Equal(["close fails", "close first", "close last", "cut fails", "cut first", "cut last"], heard.Order());
        Assert.Equal(2, host.Log.Errors.Count());
        Assert.True(session.Connections.WhenNone().IsCompleted);
    }

    private sealed class Connection(string name, ConcurrentBag<string> heard) : SessionConnection
    {
        public override void Close(SessionEndReason? reason) => Tell("close " + name);

        public override void Abort() => Tell("cut " + name);

        private void Tell(string what)
        {
            heard.Add(what);
            if (name == "fails")
            {
                throw new InvalidTimeZoneException("It fails.");
            }
        }
    }
}
