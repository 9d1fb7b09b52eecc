namespace SessionLifetime.Scheduling;

/// <summary>What synchronous members have begun to write to a store: the answer of the request waits for it before it starts.</summary>
internal static class PendingWrites
{
    private static readonly AsyncLocal<List<Task>?> s_current = new();

    /// <summary>From now on what this request begins to write is collected.</summary>
    public static List<Task> Begin() => s_current.Value = [];

    /// <summary>Something is being written.</summary>
    /// <returns>False outside of a request: then nobody waits for it.</returns>
    public static bool TryAdd(Task write)
    {
        if (s_current.Value is not { } writes)
        {
            return false;
        }

        lock (writes)
        {
            writes.Add(write);
        }

        return true;
    }

    /// <summary>Waits for what was collected. What fails is thrown.</summary>
    public static Task WhenWrittenAsync(List<Task> writes)
    {
        lock (writes)
        {
            return writes.Count == 0 ? Task.CompletedTask : Task.WhenAll(writes);
        }
    }
}
