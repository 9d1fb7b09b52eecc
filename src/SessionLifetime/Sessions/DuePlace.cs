namespace SessionLifetime;

/// <summary>Where a session stands in its store's due index; written by the index only.</summary>
internal struct DuePlace
{
    /// <summary>The slot's number counted from the clock's start plus one; 0 while the session is in no slot.</summary>
    public long Slot;

    /// <summary>The position inside the slot.</summary>
    public int Index;
}
