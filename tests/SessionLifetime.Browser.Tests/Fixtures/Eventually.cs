using System.Diagnostics;

namespace SessionLifetime.Browser.Tests;

/// <summary>Waits for what another process will do in its own time.</summary>
internal static class Eventually
{
    public static Task BecomesTrueAsync(Func<bool> condition, Func<string> expectation, TimeSpan? within = null) =>
        BecomesTrueAsync(() => Task.FromResult(condition()), expectation, within);

    public static async Task BecomesTrueAsync(Func<Task<bool>> condition, Func<string> expectation, TimeSpan? within = null)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(clock.Elapsed < (within ?? TimeSpan.FromSeconds(15)), $"Expected {expectation()}");
            await Task.Delay(20);
        }
    }
}
