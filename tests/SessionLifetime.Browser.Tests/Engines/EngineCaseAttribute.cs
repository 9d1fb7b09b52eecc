using System.Reflection;
using SessionLifetime.Browser.Tests.Fixtures.Engines;
using Xunit.Sdk;
using Xunit.v3;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>Runs a case in every engine, once for each value of its second parameter, but where <see cref="LacksAttribute"/> says why not.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class EngineCaseAttribute(params string[] values) : DataAttribute
{
    /// <summary>The values of the second parameter; none where the case has one parameter.</summary>
    public IReadOnlyList<string> Values => values;

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
    {
        var lacking = testMethod.GetCustomAttributes<LacksAttribute>().Select(static gap => gap.Engine).ToHashSet();
        var rows = Enum.GetValues<EngineKind>()
            .Where(engine => !lacking.Contains(engine))
            .SelectMany(engine => values.Length == 0 ? [new TheoryDataRow(engine)] : values.Select(value => new TheoryDataRow(engine, value)));
        return new([.. rows.Cast<ITheoryDataRow>()]);
    }

    public override bool SupportsDiscoveryEnumeration() => true;
}
