using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Scheduling;
using SessionLifetime.Sessions;

namespace SessionLifetime.Engine;

/// <summary>
/// Closes what stays open for a session, when it has ended and its exit handlers have run, or the server stops. Each is told at once and none waits for another;
/// those whose client does not answer are cut off after a while.
/// </summary>
internal sealed class ConnectionCloser(IWorkScheduler scheduler, TimeProvider time, ILogger<ConnectionCloser> logger)
{
    /// <summary>How long a client has to answer the close.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>Sessions whose connections are being closed.</summary>
    public PendingWork Open { get; } = new();

    /// <param name="session">The session.</param>
    /// <param name="cancelling">Completes when the callbacks of its token have run: what they have to say goes out before the close.</param>
    public void Close(TabSession session, Task cancelling)
    {
        if (session.TakeConnections() is { } connections && connections.Close() is { Count: > 0 } open)
        {
            Open.Begin();
            _ = scheduler.Run(() => CloseAsync(session, cancelling, connections, open));
        }
    }

    private async Task CloseAsync(TabSession session, Task cancelling, SessionConnections connections, IReadOnlyList<SessionConnection> open)
    {
        var limit = new TimeLimit(s_patience, time);
        try
        {
            await limit.WaitForAsync(cancelling);
            if (!cancelling.IsCompleted)
            {
                // A callback that blocks delays the closing no longer.
                limit.Dispose();
                limit = new TimeLimit(s_patience, time);
            }

            var reason = session.EndReason;
            foreach (var connection in open)
            {
                Try(session, () => connection.Close(reason));
            }

            await limit.WaitForAsync(connections.WhenNone());
            foreach (var connection in connections.Close())
            {
                Try(session, connection.Abort);
                Try(session, connection.Leave);
            }
        }
        catch (Exception exception)
        {
            // Not awaited.
            logger.ConnectionNotClosed(exception, session.Id);
        }
        finally
        {
            limit.Dispose();
            Open.Done();
        }
    }

    /// <summary>One that fails leaves none of the others open.</summary>
    private void Try(TabSession session, Action step)
    {
        try
        {
            step();
        }
        catch (Exception exception)
        {
            logger.ConnectionNotClosed(exception, session.Id);
        }
    }
}
