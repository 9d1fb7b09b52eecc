namespace SessionLifetime.Entries;

/// <summary>Something that stands in at most one <see cref="IntrusiveList{T}"/> at a time, and costs no further object there.</summary>
/// <typeparam name="T">The type itself.</typeparam>
internal abstract class LinkedNode<T>
    where T : LinkedNode<T>
{
    internal T? Next;
    internal T? Previous;
    internal bool IsLinked;
}
