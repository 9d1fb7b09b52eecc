using SessionLifetime.Engine;

namespace SessionLifetime.Cluster;

/// <summary>Writes the exits and revocations that were decided while the store was away, as soon as it is back.</summary>
/// <remarks>They are kept by this process: one that dies before takes them with it, and the session lives on until its own rules end it.</remarks>
internal sealed class EndsNotWritten(SharedSessionDirectory directory, SessionEngine engine)
{
    /// <summary>Tries each of them. One that still cannot be written stays, and keeps no other from it.</summary>
    public async ValueTask WriteAsync()
    {
        foreach (var (entry, reason) in directory.KeptEnds)
        {
            await engine.TryEndAsync(entry, reason);
            if (entry.IsEnded)
            {
                directory.KeptEnds.TryRemove(entry, out _);
            }
        }
    }
}
