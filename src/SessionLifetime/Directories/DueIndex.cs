using SessionLifetime.Entries;
using SessionLifetime.Time;

namespace SessionLifetime.Directories;

/// <summary>
/// Which sessions may be due: a wheel of slots, each a sixteenth of the time between two sweeps wide, holding the sessions whose next
/// look falls into it.
/// </summary>
/// <remarks>
/// <para>
/// A touch never writes here. It only pushes a session's deadline away, so a session stands in the slot of its old deadline until the
/// wheel gets there, is looked at, and is put into the slot of the new one: once per timeout, however often it was touched. Only what
/// moves a deadline nearer (a self-destruct, a shorter timeout, a detach) moves a session at once.
/// </para>
/// <para>
/// So a sweep costs the slots it passes plus the sessions in them, and nothing for all others. A deadline beyond the wheel's horizon
/// (four hours, with a sweep a minute) stands in its last slot and is moved on when that is reached. The current slot is looked through
/// at every sweep, so a session is late by at most one sweep; as slots are narrow, there is little in it that is not due.
/// </para>
/// <para>
/// One lock guards the wheel: for a few array writes when a session is put or removed, for one batch when due ones are taken.
/// </para>
/// </remarks>
internal sealed class DueIndex
{
    private const int Slots = 4096;
    private const int SlotsPerSweep = 16;

    private readonly Lock _lock = new();
    private readonly SessionRegistry _registry;
    private readonly long _width;
    private DueSlot[] _wheel = new DueSlot[Slots];

    /// <summary>After a pause longer than the whole wheel: the wheel as it was, all of it due, until it is empty.</summary>
    private DueSlot[]? _late;

    /// <summary>Every slot before this one is empty.</summary>
    private long _first;

    /// <summary>How much of the current slot is still to be looked through at the moment of the last take.</summary>
    private (Moment Now, int Left) _pass = (Moment.Before, 0);

    public DueIndex(SessionRegistry registry, TimeSpan sweepInterval)
    {
        _registry = registry;
        _width = Math.Max(1, sweepInterval.Ticks / SlotsPerSweep);
    }

    /// <summary>Puts a session where it will be found at <paramref name="due"/>, unless it stands earlier already.</summary>
    public void Put(SessionEntry entry, Moment due)
    {
        lock (_lock)
        {
            PutUnderLock(entry, due);
        }
    }

    /// <summary>Puts sessions where they will be found when each is due.</summary>
    public void Put(ReadOnlySpan<SessionEntry> entries)
    {
        lock (_lock)
        {
            foreach (var entry in entries)
            {
                PutUnderLock(entry, entry.NextDue);
            }
        }
    }

    /// <summary>Takes a session out for good, and gives its number back: everything else has forgotten it.</summary>
    public void Forget(SessionEntry entry)
    {
        lock (_lock)
        {
            if (entry.Slot != 0)
            {
                Take(entry);
            }

            // In one step: a later Put finds that it has no number.
            _registry.Remove(entry);
        }
    }

    /// <summary>
    /// Takes out sessions whose next look is due by <paramref name="now"/>; zero when none is left. Called again with the same moment it
    /// goes on where it was, so that a pass looks at each session once, and ends.
    /// </summary>
    public int TakeDue(Span<SessionEntry> due, Moment now)
    {
        var count = 0;
        lock (_lock)
        {
            var current = now.Ticks / _width;
            if (_late is null && current - _first >= Slots)
            {
                (_late, _wheel, _first) = (_wheel, new DueSlot[Slots], current);
            }

            if (_late is not null)
            {
                count = Drain(_late, 0, Slots, due, out var empty);
                if (empty < Slots)
                {
                    return count;
                }

                _late = null;
            }

            if (_first < current)
            {
                count += Drain(_wheel, _first, current, due[count..], out _first);
                if (_first < current)
                {
                    return count;
                }
            }

            ref var present = ref _wheel[current % Slots];
            var left = _pass.Now == now ? Math.Min(_pass.Left, present.Count) : present.Count;
            while (left > 0 && count < due.Length)
            {
                present.Prefetch(left, _registry);
                var entry = _registry[present[--left]]!;
                if (entry.NextDue <= now)
                {
                    due[count++] = entry;
                    Take(entry);
                }
            }

            _pass = left > 0 ? (now, left) : (Moment.Before, 0);
        }

        return count;
    }

    /// <summary>Takes all sessions out of these slots, as many as there is room for.</summary>
    /// <param name="wheel">The wheel.</param>
    /// <param name="first">The number of the first slot.</param>
    /// <param name="end">That behind the last.</param>
    /// <param name="due">Filled from the start.</param>
    /// <param name="empty">Every slot before this one is empty.</param>
    private int Drain(DueSlot[] wheel, long first, long end, Span<SessionEntry> due, out long empty)
    {
        var count = 0;
        for (empty = first; empty < end; empty++)
        {
            ref var slot = ref wheel[empty % Slots];
            for (; slot.Count > 0; count++)
            {
                if (count == due.Length)
                {
                    return count;
                }

                due[count] = slot.TakeLast(_registry);
            }

            slot.Trim();
        }

        return count;
    }

    private void PutUnderLock(SessionEntry entry, Moment due)
    {
        // What has ended, or was forgotten, must not be put back in.
        if (entry.IsEnded || entry.Number == 0)
        {
            return;
        }

        var slot = Math.Clamp(due.Ticks / _width, _first, _first + Slots - 1);
        if (entry.Slot != 0)
        {
            if (IsLate(entry) || NumberOf(entry.Slot) <= slot)
            {
                return;
            }

            Take(entry);
        }

        var place = slot % Slots;
        entry.Slot = (short)(place + 1);
        _wheel[place].Add(entry);
    }

    /// <summary>The number, counted from the clock's start, of a slot that stands in the wheel now.</summary>
    private long NumberOf(short place)
    {
        var ahead = (place - 1 - (_first % Slots) + Slots) % Slots;
        return _first + ahead;
    }

    private bool IsLate(SessionEntry entry) => _late is not null && _late[entry.Slot - 1].Has(entry);

    private void Take(SessionEntry entry)
    {
        (IsLate(entry) ? _late! : _wheel)[entry.Slot - 1].Remove(entry, _registry);
        entry.Slot = 0;
    }
}
