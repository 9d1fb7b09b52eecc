namespace SessionLifetime;

/// <summary>
/// Which sessions may be due: a wheel of slots, each as wide as the time between two sweeps, holding the sessions whose next look
/// falls into it.
/// </summary>
/// <remarks>
/// <para>
/// A touch never writes here. It only pushes a session's deadline away, so a session stands in the slot of its old deadline until the
/// wheel gets there, is looked at, and is put into the slot of the new one: once per timeout, however often it was touched. Only what
/// moves a deadline nearer (a self-destruct, a shorter timeout, a good-bye) moves a session at once.
/// </para>
/// <para>
/// So a sweep costs the slots it passes plus the sessions in them, and nothing for all others. A deadline beyond the wheel's horizon
/// stands in its last slot and is moved on when that is reached. The current slot is looked through at every sweep, so a session is
/// late by at most one sweep, whatever the slot's width.
/// </para>
/// <para>
/// The sessions of a slot are a list of which each is its own node. One lock guards the wheel: for a few writes when a session is put or
/// removed, for one batch when due ones are taken.
/// </para>
/// </remarks>
internal sealed class DueIndex
{
    private const int Slots = 1024;

    private readonly Lock _lock = new();
    private readonly SessionCell?[] _wheel = new SessionCell?[Slots];
    private readonly long _width;

    /// <summary>Every slot before this one is empty.</summary>
    private long _first;

    /// <summary>Where the current slot is still to be looked through at the moment of the last take.</summary>
    private (Moment Now, SessionCell? Next) _pass = (Moment.Before, null);

    public DueIndex(TimeSpan slotWidth) => _width = Math.Max(1, slotWidth.Ticks);

    /// <summary>Puts a session where it will be found at <paramref name="due"/>, unless it stands earlier already.</summary>
    public void Put(SessionCell cell, Moment due)
    {
        lock (_lock)
        {
            PutUnderLock(cell, due);
        }
    }

    /// <summary>Puts sessions where they will be found when each is due.</summary>
    public void Put(ReadOnlySpan<SessionCell> cells)
    {
        lock (_lock)
        {
            foreach (var cell in cells)
            {
                PutUnderLock(cell, cell.NextDue);
            }
        }
    }

    /// <summary>Takes a session out, because it ended.</summary>
    public void Remove(SessionCell cell)
    {
        lock (_lock)
        {
            if (cell.Links.DueSlot != 0)
            {
                Take(cell);
            }
        }
    }

    /// <summary>
    /// Takes out sessions whose next look is due by <paramref name="now"/>; zero when none is left. Called again with the same moment it
    /// goes on where it was, so that a pass looks at each session once, and ends.
    /// </summary>
    public int TakeDue(Span<SessionCell> due, Moment now)
    {
        var count = 0;
        lock (_lock)
        {
            var current = now.Ticks / _width;

            // After a pause longer than the whole wheel, one turn reaches everything.
            for (var slot = _first; slot < current && slot < _first + Slots; slot++)
            {
                while (_wheel[slot % Slots] is { } cell)
                {
                    if (count == due.Length)
                    {
                        return count;
                    }

                    due[count++] = cell;
                    Take(cell);
                }
            }

            _first = Math.Max(_first, current);
            var next = _pass.Now == now ? _pass.Next : _wheel[current % Slots];
            while (next is { } cell && count < due.Length)
            {
                next = cell.Links.NextDue;
                if (cell.NextDue <= now)
                {
                    due[count++] = cell;
                    Take(cell);
                }
            }

            _pass = next is null ? (Moment.Before, null) : (now, next);
        }

        return count;
    }

    private void PutUnderLock(SessionCell cell, Moment due)
    {
        // An end is committed before it is taken out here: what comes after that must not be put back in.
        if (cell.IsEnded)
        {
            return;
        }

        var slot = Math.Clamp(due.Ticks / _width, _first, _first + Slots - 1);
        ref var links = ref cell.Links;
        if (links.DueSlot != 0)
        {
            if (NumberOf(links.DueSlot) <= slot)
            {
                return;
            }

            Take(cell);
        }

        ref var first = ref _wheel[slot % Slots];
        links.DueSlot = (short)((slot % Slots) + 1);
        links.NextDue = first;
        if (first is not null)
        {
            first.Links.PreviousDue = cell;
        }

        first = cell;
    }

    /// <summary>The number, counted from the clock's start, of a slot that stands in the wheel now.</summary>
    private long NumberOf(short place)
    {
        var ahead = (place - 1 - (_first % Slots) + Slots) % Slots;
        return _first + ahead;
    }

    private void Take(SessionCell cell)
    {
        ref var links = ref cell.Links;
        if (_pass.Next == cell)
        {
            _pass.Next = links.NextDue;
        }

        if (links.PreviousDue is { } previous)
        {
            previous.Links.NextDue = links.NextDue;
        }
        else
        {
            _wheel[links.DueSlot - 1] = links.NextDue;
        }

        if (links.NextDue is { } next)
        {
            next.Links.PreviousDue = links.PreviousDue;
        }

        (links.NextDue, links.PreviousDue, links.DueSlot) = (null, null, 0);
    }
}
