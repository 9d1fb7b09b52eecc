using System.Runtime.ExceptionServices;
using SessionLifetime.Entries;

namespace SessionLifetime.Cluster;

/// <summary>Steps of many entries that run at once.</summary>
internal static class EntrySteps
{
    /// <summary>Waits for all. Those that fail are kept for another time, whatever the failure; the first is thrown when all are over.</summary>
    public static async ValueTask WhenAllAsync(List<(SessionEntry Entry, Task Step)> running, Action<SessionEntry> keep)
    {
        ExceptionDispatchInfo? failure = null;
        foreach (var (entry, step) in running)
        {
            try
            {
                await step;
            }
            catch (Exception exception)
            {
                keep(entry);
                failure ??= ExceptionDispatchInfo.Capture(exception);
            }
        }

        failure?.Throw();
    }
}
