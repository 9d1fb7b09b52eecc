namespace SessionLifetime.Entries;

/// <summary>A list whose nodes are its elements. A field, never copied; guarded by its owner.</summary>
/// <typeparam name="T">The type of its elements.</typeparam>
internal struct IntrusiveList<T>
    where T : LinkedNode<T>
{
    /// <summary>The first element; null when there is none.</summary>
    public T? First { get; private set; }

    /// <summary>The last element; null when there is none.</summary>
    public T? Last { get; private set; }

    public int Count { get; private set; }

    public void AddFirst(T added)
    {
        added.Next = First;
        if (First is { } first)
        {
            first.Previous = added;
        }
        else
        {
            Last = added;
        }

        First = added;
        added.IsLinked = true;
        Count++;
    }

    public void AddLast(T added)
    {
        added.Previous = Last;
        if (Last is { } last)
        {
            last.Next = added;
        }
        else
        {
            First = added;
        }

        Last = added;
        added.IsLinked = true;
        Count++;
    }

    /// <summary>Takes an element out. False when it is in no list.</summary>
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
        else
        {
            Last = removed.Previous;
        }

        (removed.Next, removed.Previous) = (null, null);
        removed.IsLinked = false;
        Count--;
        return true;
    }

    /// <summary>All elements in order. The list must not change meanwhile.</summary>
    public readonly IEnumerable<T> All()
    {
        for (var one = First; one is not null; one = one.Next)
        {
            yield return one;
        }
    }
}
