using System.Diagnostics.CodeAnalysis;

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
/// <para>One lock guards the wheel: for a few array writes when a session is put or removed, for one batch when due ones are taken.</para>
/// </remarks>
internal sealed class DueIndex
{
    private const int Slots = 1024;

    private readonly Lock _lock = new();
    private readonly Slot[] _wheel = new Slot[Slots];
    private readonly long _width;

    /// <summary>Every slot before this one is empty.</summary>
    private long _first;

    /// <summary>How much of the current slot is still to be looked through at the moment of the last take.</summary>
    private (Moment Now, int Left) _pass = (Moment.Before, 0);

    public DueIndex(TimeSpan slotWidth) => _width = Math.Max(1, slotWidth.Ticks);

    /// <summary>Puts a session where it will be found at <paramref name="due"/>, unless it stands earlier already.</summary>
    public void Put(SessionCell cell, Moment due)
    {
        lock (_lock)
        {
            // An end is committed before it is taken out here: what comes after that must not be put back in.
            if (cell.IsEnded)
            {
                return;
            }

            var slot = Math.Clamp(due.Ticks / _width, _first, _first + Slots - 1);
            ref var place = ref cell.DuePlace;
            if (place.SlotNumber != 0)
            {
                if (place.SlotNumber - 1 <= slot)
                {
                    return;
                }

                Take(ref place);
            }

            place.SlotNumber = slot + 1;
            place.Index = _wheel[slot % Slots].Add(cell);
        }
    }

    /// <summary>Takes a session out, because it ended.</summary>
    public void Remove(SessionCell cell)
    {
        lock (_lock)
        {
            if (cell.DuePlace.SlotNumber != 0)
            {
                Take(ref cell.DuePlace);
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
                ref var cells = ref _wheel[slot % Slots];
                while (cells.Count > 0)
                {
                    if (count == due.Length)
                    {
                        return count;
                    }

                    var cell = cells[cells.Count - 1];
                    due[count++] = cell;
                    Take(ref cell.DuePlace);
                }
            }

            if (current > _first)
            {
                MoveTo(current);
            }

            ref var present = ref _wheel[current % Slots];
            var left = _pass.Now == now ? Math.Min(_pass.Left, present.Count) : present.Count;
            while (left > 0 && count < due.Length)
            {
                var cell = present[--left];
                if (cell.NextDue <= now)
                {
                    due[count++] = cell;
                    Take(ref cell.DuePlace);
                }
            }

            _pass = left > 0 ? (now, left) : (Moment.Before, 0);
        }

        return count;
    }

    private void MoveTo(long current)
    {
        for (var slot = _first; slot < Math.Min(current, _first + Slots); slot++)
        {
            _wheel[slot % Slots].Trim();
        }

        _first = current;
    }

    private void Take(ref DuePlace place)
    {
        if (_wheel[(place.SlotNumber - 1) % Slots].RemoveAt(place.Index) is { } moved)
        {
            moved.DuePlace.Index = place.Index;
        }

        place = default;
    }

    /// <summary>An unordered bag of sessions with removal in one step.</summary>
    [SuppressMessage("Performance", "CA1815:Override equals and operator equals on value types", Justification = "Never compared.")]
    private struct Slot
    {
        private SessionCell?[]? _cells;

        public int Count { get; private set; }

        public readonly SessionCell this[int index] => _cells![index]!;

        public int Add(SessionCell cell)
        {
            _cells ??= new SessionCell?[4];
            if (Count == _cells.Length)
            {
                Array.Resize(ref _cells, Count * 2);
            }

            _cells[Count] = cell;
            return Count++;
        }

        /// <summary>Fills the gap with the last session and returns that one; null when the last itself was removed.</summary>
        public SessionCell? RemoveAt(int index)
        {
            var last = _cells![--Count];
            _cells[Count] = null;
            if (index == Count)
            {
                return null;
            }

            _cells[index] = last;
            return last;
        }

        /// <summary>Gives back the room of a slot that was passed.</summary>
        public void Trim()
        {
            if (Count == 0)
            {
                _cells = null;
            }
        }
    }
}
