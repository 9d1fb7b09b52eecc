using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>The two clocks of a store, as spans since an origin that the store chose once and keeps over restarts.</summary>
/// <param name="Store">The store's time. It runs always.</param>
/// <param name="Service">Service time: the store's time less every stretch in which no node's heartbeat reached the store.</param>
/// <remarks>
/// Service time at the store's time t is <c>min(t, end) - taken off</c>, where <c>end</c> is the last accepted heartbeat's (or start's) moment plus
/// its <see cref="NodeHeartbeat.Lead"/>. A heartbeat that comes later than <c>end</c> adds <c>t - end</c> to what is taken off.
/// </remarks>
[Experimental(StorageDiagnostics.Id)]
public readonly record struct StoreTime(TimeSpan Store, TimeSpan Service);
