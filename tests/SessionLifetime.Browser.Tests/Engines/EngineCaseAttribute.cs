using System.Reflection;
using SessionLifetime.Browser.Tests.Fixtures.Engines;
using Xunit.Sdk;
using Xunit.v3;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>
/// Runs a case in every engine, once for each value of its second parameter or for each <see cref="RowAttribute"/>, but where
/// <see cref="LacksAttribute"/> says why not.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EngineCaseAttribute(params string[] values) : DataAttribute
{
    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
    {
        var lacking = testMethod.GetCustomAttributes<LacksAttribute>().Select(static gap => gap.Engine).ToHashSet();
        return new([.. Enum.GetValues<EngineKind>()
            .Where(engine => !lacking.Contains(engine))
            .SelectMany(engine => Rows(testMethod).Select(row => new TheoryDataRow([engine, .. row])))]);
    }

    public override bool SupportsDiscoveryEnumeration() => true;

    private IEnumerable<IReadOnlyList<object>> Rows(MethodInfo method)
    {
        var rows = method.GetCustomAttributes<RowAttribute>().Select(static row => row.Arguments).ToList();
        return rows.Count > 0 ? rows : values.Length > 0 ? values.Select(static value => new object[] { value }) : [[]];
    }
}
