namespace SessionLifetime.Cluster.Tests;

/// <summary>Waits for what other threads do.</summary>
internal static class Eventually
{
    /// <summary>Waits until a condition holds; fails after half a minute.</summary>
    public static async Task IsAsync(Func<bool> condition)
    {
        for (var tries = 0; !condition(); tries++)
        {
            Assert.True(tries < 10_000, "It has not come to pass.");
            await Task.Delay(3);
        }
    }

    /// <inheritdoc cref="IsAsync(Func{bool})"/>
    public static async Task IsAsync(Func<Task<bool>> condition)
    {
        for (var tries = 0; !await condition(); tries++)
        {
            Assert.True(tries < 3_000, "It has not come to pass.");
            await Task.Delay(10);
        }
    }
}
