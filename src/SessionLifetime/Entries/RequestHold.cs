using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <summary>
/// A request in flight: as long as it holds, its session's clocks stand at now. Linked into its session's entry and touched only
/// inside that entry's gate. It stops holding when released, or by itself at <see cref="Until"/>; then it may be used for another request.
/// </summary>
internal abstract class RequestHold : LinkedNode<RequestHold>
{
    private const long Step = 250 * TimeSpan.TicksPerMillisecond;

    /// <summary>Whether the request counts as activity, or is only a sign that the browser is there.</summary>
    public bool IsActivity { get; private set; }

    /// <summary>When it stops holding although it has not completed.</summary>
    public Moment Until { get; private set; }

    /// <summary>Whether the session's last activity moved to another quarter of a second by this one: what came closer behind another tells nothing new.</summary>
    public bool MovedActivity { get; private set; }

    /// <summary>Puts it among the session's holds. The one that holds longest stands first: only that one is read.</summary>
    public void LinkInto(ref IntrusiveStack<RequestHold> holds)
    {
        if (holds.First is not { } place || place.Until <= Until)
        {
            holds.AddFirst(this);
            return;
        }

        while (place.Next is { } next && next.Until > Until)
        {
            place = next;
        }

        IntrusiveStack<RequestHold>.AddBehind(place, this);
    }

    /// <summary>It is about to move the session's last activity.</summary>
    public void Move(Moment lastActivity, Moment now) => MovedActivity &= lastActivity != now && lastActivity.Ticks / Step != now.Ticks / Step;

    /// <summary>Says what it is to hold; it does not yet.</summary>
    protected void Set(bool isActivity, Moment until) => (IsActivity, Until, MovedActivity) = (isActivity, until, isActivity);
}
