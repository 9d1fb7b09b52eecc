using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(SessionLifetime.Browser.Tests.LongestFirst))]

namespace SessionLifetime.Browser.Tests;

/// <summary>The classes whose tests take longest begin first, so that none of these runs alone at the end.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] s_longest =
        ["PresenceTests", "SignalTests", "CircuitTests", "SampleTests", "RelayTests", "RealtimeTests", "StretchFrameTests", "LifecycleTests", "RazorShopTests", "QuickstartTests", "IdentityTests"];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. testCollections.OrderBy(static one => Array.FindIndex(s_longest, name => one.TestCollectionDisplayName.Contains($".{name} ", StringComparison.Ordinal)) is var at and >= 0 ? at : int.MaxValue)];
}
