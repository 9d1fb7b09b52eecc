using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace SessionLifetime.Tests.House;

/// <summary>Reads from the compiled code which exceptions about its arguments a method throws, itself or in what it calls in its own assembly.</summary>
internal static class ArgumentChecks
{
    private const int Depth = 1;

    private static readonly Dictionary<short, OpCode> s_codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(static field => (OpCode)field.GetValue(obj: null)!).ToDictionary(static code => code.Value);

    public static IReadOnlySet<Type> Of(MethodBase method)
    {
        var found = new HashSet<Type>();
        foreach (var body in Implementations(method))
        {
            Collect(body, found, depth: 0);
        }

        return found;
    }

    private static IEnumerable<MethodBase> Implementations(MethodBase method)
    {
        if (method.DeclaringType is not { IsInterface: true } contract)
        {
            return [method];
        }

        return contract.Assembly.GetTypes().Where(type => type.IsClass && contract.IsAssignableFrom(type)).Select(type =>
        {
            var map = type.GetInterfaceMap(contract);
            return map.TargetMethods[Array.IndexOf(map.InterfaceMethods, (MethodInfo)method)];
        });
    }

    private static void Collect(MethodBase method, HashSet<Type> found, int depth)
    {
        // What an async method does stands in its state machine.
        var body = method.GetCustomAttribute<StateMachineAttribute>()?.StateMachineType.GetMethod("MoveNext", BindingFlags.NonPublic | BindingFlags.Instance) ?? method;
        foreach (var (code, called) in Calls(body))
        {
            var owner = called.DeclaringType;
            if (typeof(ArgumentException).IsAssignableFrom(owner) && (code == OpCodes.Newobj || called.Name.StartsWith("ThrowIf", StringComparison.Ordinal)))
            {
                found.Add(owner!);
            }
            else if (depth < Depth && owner?.Assembly == method.DeclaringType!.Assembly && code != OpCodes.Ldftn)
            {
                Collect(called, found, depth + 1);
            }
        }
    }

    private static IEnumerable<(OpCode Code, MethodBase Called)> Calls(MethodBase method)
    {
        if (method.GetMethodBody()?.GetILAsByteArray() is not { } il)
        {
            yield break;
        }

        var types = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;
        var arguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
        for (var at = 0; at < il.Length;)
        {
            var code = s_codes[il[at] == 0xfe ? BitConverter.ToInt16([il[at + 1], il[at]]) : il[at]];
            at += code.Size;
            if (code.OperandType == OperandType.InlineMethod)
            {
                yield return (code, method.Module.ResolveMethod(BitConverter.ToInt32(il, at), types, arguments)!);
            }

            at += code.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(il, at)),
                _ => 4,
            };
        }
    }
}
