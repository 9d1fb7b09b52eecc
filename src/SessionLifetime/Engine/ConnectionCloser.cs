using Microsoft.Extensions.Logging;

namespace SessionLifetime;

/// <summary>
/// Closes what stays open for a session, when it has ended and its exit handlers have run. Each is told at once and none waits for another;
/// those whose client does not answer are cut off after a while.
/// </summary>
internal sealed class ConnectionCloser(TimeProvider time, ILogger<ConnectionCloser> logger)
{
    /// <summary>How long a client has to say good-bye in turn.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>Sessions whose connections are being closed.</summary>
    public OpenWork Open { get; } = new();

    public void Close(TabSession session)
    {
        if (session.TakeConnections() is { } connections && connections.Close() is { Count: > 0 } open)
        {
            Open.Begin();
            _ = Task.Run(() => CloseAsync(session, connections, open));
        }
    }

    private async Task CloseAsync(TabSession session, SessionConnections connections, IReadOnlyList<SessionConnection> open)
    {
        try
        {
            var reason = session.EndReason ?? SessionEndReason.Exited;
            foreach (var connection in open)
            {
                connection.Close(reason);
            }

            try
            {
                await connections.WhenNone().WaitAsync(s_patience, time);
            }
            catch (TimeoutException)
            {
                foreach (var connection in connections.Close())
                {
                    connection.Abort();
                    connection.Leave();
                }
            }
        }
        catch (Exception exception)
        {
            // Nobody awaits this.
            logger.ConnectionNotClosed(exception, session.Id);
        }
        finally
        {
            Open.Done();
        }
    }
}
