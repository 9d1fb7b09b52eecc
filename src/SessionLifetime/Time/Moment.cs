using System.Diagnostics.CodeAnalysis;

namespace SessionLifetime.Time;

/// <summary>
/// A point on a store's own clock, in ticks of 100 ns since that clock began. It only runs forward and knows no calendar, so a change
/// of the wall clock moves no deadline. Sums saturate at <see cref="Never"/>: any duration up to <see cref="TimeSpan.MaxValue"/> is safe.
/// </summary>
internal readonly record struct Moment(long Ticks) : IComparable<Moment>
{
    /// <summary>Before everything: the value of a stamp that was never set.</summary>
    public static readonly Moment Before = new(0);

    /// <summary>After everything: a deadline that does not come.</summary>
    public static readonly Moment Never = new(long.MaxValue);

    public bool IsNever => Ticks == long.MaxValue;

    /// <summary>The moment one tick later.</summary>
    public Moment Next => IsNever ? Never : new(Ticks + 1);

    public static Moment Earlier(Moment a, Moment b) => a.Ticks <= b.Ticks ? a : b;

    public static Moment Later(Moment a, Moment b) => a.Ticks >= b.Ticks ? a : b;

    public int CompareTo(Moment other) => Ticks.CompareTo(other.Ticks);

    /// <summary>The time from <paramref name="earlier"/> to this moment; <see cref="TimeSpan.MaxValue"/> when this is never.</summary>
    public TimeSpan Since(Moment earlier) => IsNever ? TimeSpan.MaxValue : new TimeSpan(Ticks - earlier.Ticks);

    public override string ToString() => IsNever ? "never" : new TimeSpan(Ticks).ToString();

    [SuppressMessage("Usage", "CA2225:Operator overloads have named alternates", Justification = "Internal arithmetic reads best as arithmetic.")]
    public static Moment operator +(Moment moment, TimeSpan duration)
    {
        if (moment.IsNever || duration == TimeSpan.MaxValue)
        {
            return Never;
        }

        var sum = unchecked(moment.Ticks + duration.Ticks);
        return duration.Ticks > 0 && sum < moment.Ticks ? Never : new Moment(sum);
    }

    public static Moment operator -(Moment moment, TimeSpan duration) =>
        moment.IsNever ? Never : duration.Ticks >= moment.Ticks ? Before : new Moment(moment.Ticks - duration.Ticks);

    public static bool operator <(Moment a, Moment b) => a.Ticks < b.Ticks;

    public static bool operator >(Moment a, Moment b) => a.Ticks > b.Ticks;

    public static bool operator <=(Moment a, Moment b) => a.Ticks <= b.Ticks;

    public static bool operator >=(Moment a, Moment b) => a.Ticks >= b.Ticks;
}
