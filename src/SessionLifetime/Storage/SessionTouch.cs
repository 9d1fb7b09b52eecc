using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>Stamps of one session that moved in memory. A stamp that is null did not.</summary>
/// <param name="Id">The public id.</param>
/// <param name="KnownVersion">The version the node knows.</param>
/// <param name="LastActivity">When the user last did something.</param>
/// <param name="LastSignal">When the browser was last heard of.</param>
/// <param name="IdleReset">When the idle clock was last restarted without activity.</param>
/// <param name="LastArrival">When the latest signal arrived that a browser or its user sent.</param>
/// <param name="DueAt">A new lower bound of the first moment at which a rule may come due; null leaves the store's.</param>
[Experimental(StorageDiagnostics.Id)]
public sealed record SessionTouch(
    string Id,
    long KnownVersion,
    StampTouch? LastActivity = null,
    StampTouch? LastSignal = null,
    StampTouch? IdleReset = null,
    StampTouch? LastArrival = null,
    TimeSpan? DueAt = null);
