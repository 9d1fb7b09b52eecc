using System.Reflection;
using System.Xml.Linq;

namespace SessionLifetime.Tests.House;

/// <summary>The documentation file that the compiler wrote beside an assembly, by member; <c>inheritdoc</c> with a <c>cref</c> is followed.</summary>
internal sealed class XmlDocumentation
{
    private readonly Dictionary<string, XElement> _members;

    private XmlDocumentation(Dictionary<string, XElement> members) => _members = members;

    public int Count => _members.Count;

    public static XmlDocumentation Of(Assembly assembly)
    {
        var path = Path.ChangeExtension(assembly.Location, ".xml");
        return new(XDocument.Load(path).Descendants("member").ToDictionary(member => (string)member.Attribute("name")!, StringComparer.Ordinal));
    }

    /// <summary>What is said of a member under a tag, its own or what it inherits.</summary>
    public IReadOnlyList<XElement> Of(MemberInfo member, string tag) => Of(IdOf(member), tag, depth: 0);

    public bool Has(MemberInfo member, string tag) => Of(member, tag).Any(static element => element.Value.Trim().Length > 0 || element.HasElements);

    /// <summary>The compiler's name for a member, as <c>M:Namespace.Type.Method(System.String)</c>.</summary>
    public static string IdOf(MemberInfo member) => member switch
    {
        Type type => "T:" + NameOf(type),
        PropertyInfo property => $"P:{NameOf(property.DeclaringType!)}.{property.Name}{Parameters(property.GetIndexParameters())}",
        EventInfo e => $"E:{NameOf(e.DeclaringType!)}.{e.Name}",
        FieldInfo field => $"F:{NameOf(field.DeclaringType!)}.{field.Name}",
        ConstructorInfo constructor => $"M:{NameOf(constructor.DeclaringType!)}.#ctor{Parameters(constructor.GetParameters())}",
        MethodInfo method => $"M:{NameOf(method.DeclaringType!)}.{method.Name}{(method.IsGenericMethod ? "``" + method.GetGenericArguments().Length : "")}{Parameters(method.GetParameters())}",
        _ => throw new ArgumentException($"{member} has no documentation.", nameof(member)),
    };

    private static string Parameters(ParameterInfo[] parameters) =>
        parameters.Length == 0 ? "" : $"({string.Join(',', parameters.Select(static parameter => NameOf(parameter.ParameterType)))})";

    private static string NameOf(Type type)
    {
        if (type.IsByRef)
        {
            return NameOf(type.GetElementType()!) + "@";
        }

        if (type.IsArray)
        {
            return NameOf(type.GetElementType()!) + "[]";
        }

        if (type.IsGenericParameter)
        {
            return (type.DeclaringMethod is null ? "`" : "``") + type.GenericParameterPosition;
        }

        var name = (type.IsNested ? NameOf(type.DeclaringType!) : type.Namespace) + "." + type.Name;
        return type.IsConstructedGenericType
            ? $"{name[..name.IndexOf('`', StringComparison.Ordinal)]}{{{string.Join(',', type.GetGenericArguments().Select(NameOf))}}}"
            : name;
    }

    private List<XElement> Of(string id, string tag, int depth)
    {
        if (depth > 3 || !_members.TryGetValue(id, out var member))
        {
            return [];
        }

        var own = member.Elements(tag).ToList();
        var inherited = member.Elements("inheritdoc").Select(static element => (string?)element.Attribute("cref")).OfType<string>();
        return tag != "exception" && own.Count > 0 ? own : [.. own, .. inherited.SelectMany(from => Of(from, tag, depth + 1))];
    }
}
