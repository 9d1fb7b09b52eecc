using System.Text.Json;

namespace SessionLifetime.Browser.Tests.Fixtures.Engines;

/// <summary>Script that finds an element, also in shadow trees.</summary>
internal static class Deep
{
    /// <summary>An expression that gives the element, or null, whatever names elements have.</summary>
    public static string Find(string selector) =>
        $"{JsonSerializer.Serialize(selector)}.split(' >>> ').reduce((at, one) => at && "
        + "(at === document ? Document : at.shadowRoot ? DocumentFragment : Element).prototype.querySelector.call(at.shadowRoot ?? at, one), document)";
}
