using SessionLifetime.Entries;

namespace SessionLifetime.Sessions;

/// <summary>
/// The open connections of one session, in a list linked through themselves. It is closed once, at the session's end: a connection
/// added before is in what <see cref="Close"/> gives, one added after is refused and closes itself.
/// </summary>
/// <remarks>A connection names it, so that it can leave by itself: a delegate instead would cost 64 bytes a session.</remarks>
/// <param name="gate">What is locked for a few writes.</param>
internal sealed class SessionConnections(object gate)
{
    /// <summary>That of a session that has ended and had none.</summary>
    public static readonly SessionConnections Closed = new(new object()) { _isClosed = true };

    private IntrusiveList<SessionConnection> _open;
    private TaskCompletionSource? _none;
    private bool _isClosed;

    /// <summary>False when the session has ended.</summary>
    public bool TryAdd(SessionConnection connection)
    {
        lock (gate)
        {
            if (_isClosed)
            {
                return false;
            }

            connection.Home = this;
            _open.AddFirst(connection);
            return true;
        }
    }

    public void Remove(SessionConnection connection)
    {
        lock (gate)
        {
            if (connection.Home == this && _open.Remove(connection) && _open.Count == 0)
            {
                _none?.TrySetResult();
            }
        }
    }

    /// <summary>Those that are open; no other comes any more.</summary>
    public IReadOnlyList<SessionConnection> Close()
    {
        lock (gate)
        {
            _isClosed = true;
            return [.. _open.All()];
        }
    }

    /// <summary>Completes when all have left. Only of use once it is closed.</summary>
    public Task WhenNone()
    {
        lock (gate)
        {
            return _open.Count == 0 ? Task.CompletedTask : (_none ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }
}
