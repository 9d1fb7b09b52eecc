namespace SessionLifetime.Entries;

/// <summary>
/// As <see cref="IntrusiveList{T}"/>, of one reference: without its end and its count, which would be 16 bytes more for every session. A field,
/// never copied; guarded by its owner.
/// </summary>
/// <typeparam name="T">The type of its elements.</typeparam>
internal struct IntrusiveStack<T>
    where T : LinkedNode<T>
{
    /// <summary>The element that was added last; null when there is none.</summary>
    public T? First { get; private set; }

    public void AddFirst(T added)
    {
        added.Next = First;
        if (First is { } first)
        {
            first.Previous = added;
        }

        First = added;
        added.IsLinked = true;
    }

    /// <summary>Puts an element behind another one.</summary>
    public static void AddBehind(T place, T added)
    {
        (added.Previous, added.Next) = (place, place.Next);
        if (place.Next is { } next)
        {
            next.Previous = added;
        }

        place.Next = added;
        added.IsLinked = true;
    }

    /// <summary>Takes an element out. False when it is not in.</summary>
    public bool Remove(T removed)
    {
        if (!removed.IsLinked)
        {
            return false;
        }

        if (removed.Previous is { } previous)
        {
            previous.Next = removed.Next;
        }
        else
        {
            First = removed.Next;
        }

        if (removed.Next is { } next)
        {
            next.Previous = removed.Previous;
        }

        (removed.Next, removed.Previous) = (null, null);
        removed.IsLinked = false;
        return true;
    }
}
