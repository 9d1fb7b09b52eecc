using System.Reflection;

namespace SessionLifetime.Cluster.Tests.Storage;

/// <summary>Keeps the contract whole: every store has its tests, and none leaves a part of the contract out.</summary>
public sealed class BackingStoreCoverageTests
{
    private static readonly Type[] s_types = typeof(BackingStoreContract).Assembly.GetTypes();

    [Fact]
    public void EveryStore_HasTestsOfTheContract()
    {
        var packages = Directory.GetFiles(AppContext.BaseDirectory, "SessionLifetime*.dll").Select(static path => Assembly.LoadFrom(path)).ToList();
        var stores = packages.SelectMany(static package => package.GetTypes())
            .Where(static type => type is { IsClass: true, IsAbstract: false } && typeof(ISessionBackingStore).IsAssignableFrom(type))
            .Where(static type => !PassesCallsOn(type))
            .ToList();

        Assert.Equal(
            ["MemoryBackingStore", "PostgreSqlBackingStore", "RedisBackingStore", "SqliteBackingStore"],
            stores.Select(static store => store.Name).Distinct().Order(StringComparer.Ordinal));
        Assert.All(stores, static store => Assert.Contains(Suites(), suite => suite.Name == store.Name + "Tests"));
    }

    [Fact]
    public void NoSuite_LeavesAPartOut()
    {
        var facts = typeof(BackingStoreContract).GetMethods().Where(static method => method.GetCustomAttribute<FactAttribute>() is not null).ToList();

        Assert.True(facts.Count >= 90, $"The contract has {facts.Count} tests only.");
        Assert.All(facts, static fact => Assert.False(fact.IsVirtual, $"{fact.Name} could be overridden."));
        Assert.All(facts, static fact => Assert.True(
            fact.GetCustomAttribute<FactAttribute>() is { Skip: null, SkipUnless: null, SkipWhen: null, Explicit: false },
            $"{fact.Name} is skipped."));
        foreach (var suite in Suites())
        {
            Assert.True(suite.IsPublic && suite.IsSealed, $"{suite.Name} is not run.");
            Assert.DoesNotContain(
                suite.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly),
                method => facts.Exists(fact => fact.Name == method.Name));
        }
    }

    /// <summary>Whether it only stands before another store.</summary>
    private static bool PassesCallsOn(Type type) => Array.Exists(
        type.GetConstructors(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance),
        static constructor => Array.Exists(constructor.GetParameters(), static parameter => parameter.ParameterType == typeof(ISessionBackingStore)));

    private static IEnumerable<Type> Suites() => s_types.Where(static type => !type.IsAbstract && type.IsSubclassOf(typeof(BackingStoreContract)));
}
