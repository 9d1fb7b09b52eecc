using System.Reflection;
using System.Runtime.CompilerServices;

namespace SessionLifetime.Tests.House;

/// <summary>What the public surface says of itself: the documentation file that the compiler wrote, against the types it is about.</summary>
public sealed class PublicDocumentationTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly XmlDocumentation s_documentation = XmlDocumentation.Of(typeof(TabSession).Assembly);

    private static readonly List<MemberInfo> s_members = [.. typeof(TabSession).Assembly.GetExportedTypes().SelectMany(static type => type.GetMembers(Declared).Where(IsWritten))];

    [Fact]
    public void TheFile_IsThereAndFull()
    {
        Assert.True(s_documentation.Count > 200, $"The documentation file has {s_documentation.Count} members.");
        Assert.True(s_members.Count > 150, $"{s_members.Count} public members were found.");
        Assert.True(s_members.OfType<MethodInfo>().Count(static method => ArgumentChecks.Of(method).Count > 0) > 25);
    }

    [Fact]
    public void EveryTypeAndMember_SaysWhatItIs() =>
        AssertNone(typeof(TabSession).Assembly.GetExportedTypes().Concat(s_members), static member => !s_documentation.Has(member, "summary"));

    [Fact]
    public void EveryMethodThatReturnsSomething_SaysWhat() =>
        AssertNone(s_members.OfType<MethodInfo>(), static method => method.ReturnType != typeof(void) && !s_documentation.Has(method, "returns"));

    [Fact]
    public void EveryParameter_SaysWhatItIs() =>
        AssertNone(s_members.OfType<MethodInfo>(), static method => method.GetParameters().Any(parameter =>
            !s_documentation.Of(method, "param").Any(element => (string?)element.Attribute("name") == parameter.Name && element.Value.Trim().Length > 0)));

    [Fact]
    public void EveryPropertyThatCanBeSet_SaysItsRangeOrDefault() =>
        AssertNone(s_members.OfType<PropertyInfo>(), static property =>
            property.SetMethod is { IsPublic: true } && !IsInitOnly(property.SetMethod) && !s_documentation.Has(property, "value"));

    [Fact]
    public void EveryMethodThatChecksItsArguments_SaysWhatItThrows() =>
        AssertNone(s_members, static member => Bodies(member).SelectMany(ArgumentChecks.Of).Any(thrown => !Documented(member).Any(type => type.IsAssignableFrom(thrown))));

    [Fact]
    public void EveryHandler_SaysOnWhichThreadItIsCalled()
    {
        var handlers = s_members.Where(static member => member is EventInfo
            || (member is MethodInfo method && method.Name.StartsWith("On", StringComparison.Ordinal)
                && (method.DeclaringType == typeof(SessionLifetimeHandler) || method.IsStatic))).ToList();

        Assert.Equal(24, handlers.Count);
        AssertNone(handlers, static member => !new[] { "summary", "remarks", "param" }.SelectMany(tag => s_documentation.Of(member, tag)).Any(static element => element.Value.Contains("handler thread", StringComparison.Ordinal)));
        Assert.All(handlers, static member => Assert.DoesNotContain(s_documentation.Of(member, "param"), static element => element.Value.Contains("Called on a thread-pool thread", StringComparison.Ordinal)));
    }

    private static void AssertNone<TMember>(IEnumerable<TMember> members, Func<TMember, bool> isFault)
        where TMember : MemberInfo => Assert.Empty(members.Where(isFault).Select(XmlDocumentation.IdOf));

    /// <summary>Neither accessors, nor what the compiler adds to records and enums, nor constructors, whose parameters the type describes.</summary>
    private static bool IsWritten(MemberInfo member) => member switch
    {
        MethodInfo method => method is { IsPublic: true } or { IsFamily: true } && !method.IsSpecialName && !method.IsDefined(typeof(CompilerGeneratedAttribute)),
        PropertyInfo property => property.GetMethod is { IsPublic: true } or { IsFamily: true },
        EventInfo or FieldInfo { IsPublic: true, IsSpecialName: false } => true,
        _ => false,
    };

    /// <summary>Whether it is set once, when its object is made: a part of a record, which its summary describes.</summary>
    private static bool IsInitOnly(MethodInfo setter) => setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    private static IEnumerable<MethodBase> Bodies(MemberInfo member) => member switch
    {
        MethodBase method => [method],
        PropertyInfo property => property.GetAccessors(),
        _ => [],
    };

    private static IEnumerable<Type> Documented(MemberInfo member) => s_documentation.Of(member, "exception")
        .Select(static element => Type.GetType(((string?)element.Attribute("cref") ?? "")[2..])).OfType<Type>();
}
