namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>The arguments of one run of an <see cref="EngineCaseAttribute"/>, after the engine.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class RowAttribute(params object[] arguments) : Attribute
{
    public IReadOnlyList<object> Arguments => arguments;
}
