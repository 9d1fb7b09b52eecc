using System.Globalization;

namespace SessionLifetime.Browser.Tests.Fixtures.Running;

/// <summary>
/// How many tests run at once: two on a processor, which they use between their waits (SESSIONLIFETIME_SLOTS says another number). Of those beside which
/// nothing else is run, there are three at most: one in each engine.
/// </summary>
internal static class Slots
{
    private static readonly SemaphoreSlim s_all = new(
        int.TryParse(Environment.GetEnvironmentVariable("SESSIONLIFETIME_SLOTS"), CultureInfo.InvariantCulture, out var given) ? given : 2 * Environment.ProcessorCount);

    private static readonly SemaphoreSlim s_alone = new(3);

    /// <summary>Waits for a slot, which is free again when the result is disposed of.</summary>
    public static async Task<IDisposable> TakeAsync(bool isAlone)
    {
        var slots = isAlone ? s_alone : s_all;
        await slots.WaitAsync();
        return new Slot(slots);
    }

    private sealed class Slot(SemaphoreSlim slots) : IDisposable
    {
        public void Dispose() => slots.Release();
    }
}
