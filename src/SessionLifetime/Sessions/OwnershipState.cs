namespace SessionLifetime.Sessions;

/// <summary>What the parts of one session's owned objects share: one lock, one numbering, one end.</summary>
internal sealed class OwnershipState
{
    private long _age;
    private bool _isClosed;

    /// <summary>Guards all that one session owns.</summary>
    public Lock Lock { get; } = new();

    /// <summary>Whether nothing may be added any more.</summary>
    public bool IsClosed => Volatile.Read(ref _isClosed);

    /// <summary>The number of what comes next. Inside the lock.</summary>
    public long NextAge() => ++_age;

    /// <summary>Nothing may be added from now on. Inside the lock.</summary>
    public void Close() => Volatile.Write(ref _isClosed, true);
}
