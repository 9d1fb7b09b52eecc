using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <summary>
/// The requests of one kind that hold a session's clocks, the newest first. Each holds equally long, so the newest holds longest.
/// A field of what its entry's gate guards, never copied.
/// </summary>
internal struct RequestHolds
{
    private RequestHold? _first;

    /// <summary>Until when any of them holds.</summary>
    public readonly Moment Until => _first?.Until ?? Moment.Before;

    public void Link(RequestHold hold)
    {
        hold.Next = _first;
        if (_first is not null)
        {
            _first.Previous = hold;
        }

        _first = hold;
        hold.IsHolding = true;
    }

    public void Unlink(RequestHold hold)
    {
        if (hold.Previous is null)
        {
            _first = hold.Next;
        }
        else
        {
            hold.Previous.Next = hold.Next;
        }

        if (hold.Next is not null)
        {
            hold.Next.Previous = hold.Previous;
        }

        hold.Next = hold.Previous = null;
        hold.IsHolding = false;
    }
}
